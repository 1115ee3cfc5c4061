from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmpretrain.structures import DataSample
from sklearn.linear_model import LogisticRegression

from mvlr_mm.apis import load_model
from mvlr_mm.apis.measure_names import measure_names
from mvlr_mm.apis.retag import NO_PICTURE, retagged

COUNT = 40


@pytest.fixture(scope='module')
def model(trained):
    return load_model(trained.folder).model


@pytest.fixture(scope='module')
def batches():
    rng = torch.Generator().manual_seed(0)
    targets = torch.randint(2, (COUNT, 3), generator=rng)
    targets[::5, 1] = -1
    images = torch.randint(256, (COUNT, 3, 64, 64), generator=rng, dtype=torch.uint8)
    samples = [DataSample().set_gt_score(target) for target in targets]
    return [
        dict(inputs=images[i : i + 16], data_samples=samples[i : i + 16])
        for i in range(0, COUNT, 16)
    ]


@pytest.fixture(scope='module')
def measured(model, batches):
    return measure_names(model, batches, COUNT, 9, ('sky', 'Dog', 'wall'))


def test_what_is_kept(model, batches, measured):
    scale = measured.scale
    assert scale.classes == ('cat', 'dog', 'boat')
    assert scale.generic == ('sky', 'wall')  # without what is trained
    assert scale.patches.shape == (9, 16, 16)
    assert scale.grid == (4, 4)
    with torch.no_grad():
        data = model.data_preprocessor(batches[0], False)
        patches = model.backbone(data['inputs']).visual
    for kept, row in ((0, 0), (1, 5)):  # 39 steps in 8
        assert torch.equal(scale.patches[kept], patches[row].half())


def test_the_fit_by_hand(trained, model, batches, measured):
    """Similarities of the trained labels, as scikit-learn would fit them."""
    other = load_model(trained.folder).model.neck
    other.set_classes(('cat', 'dog', 'boat', 'sky', 'wall'))
    with torch.no_grad():
        text = F.normalize(other.prompt(NO_PICTURE).labels, dim=-1)
        images = torch.cat([b['inputs'] for b in batches])
        data = model.data_preprocessor({'inputs': images}, False)
        visual = model.backbone(data['inputs']).visual

    def similarity(visual):
        cosine = F.normalize(visual, dim=-1) @ text.T
        logits = (model.head.log_scale.exp() * cosine).mean(dim=1).detach()
        return logits[:, :3] - logits[:, 3:].mean(dim=1, keepdim=True)

    kept = similarity(measured.scale.patches.float())
    z = ((similarity(visual) - kept.mean(0)) / kept.std(0)).numpy()
    targets = np.stack([s.gt_score for b in batches for s in b['data_samples']])
    np.testing.assert_array_equal(measured.targets, targets)
    known = targets >= 0
    fit = LogisticRegression(C=np.inf, tol=1e-10).fit(z[known][:, None], targets[known])
    found = measured.scale.slope, measured.scale.bias
    np.testing.assert_allclose(found, [fit.coef_[0, 0], fit.intercept_[0]], rtol=1e-2)
    expected = fit.predict_proba(z.reshape(-1, 1))[:, 1].reshape(z.shape)
    np.testing.assert_allclose(measured.scores, expected, atol=1e-3)


def test_a_new_name_is_scored_as_the_trained_ones_were(model, batches, measured):
    """If its words were those of a trained label, it would have that label's score."""
    scale = measured.scale
    names = model.neck.classes
    model.neck.set_classes(('a', 'b', 'c'))
    try:
        other = retagged(model, list(names), replace(scale, classes=('a', 'b', 'c')))
        with torch.no_grad():
            data = model.data_preprocessor(batches[0], False)
            found = other.head(other.neck(other.backbone(data['inputs']))).sigmoid()
    finally:
        model.neck.set_classes(names)
    np.testing.assert_allclose(found, measured.scores[:16], atol=2e-4)


def test_without_pictures_nothing_is_standardised(model, batches):
    scale, scores, targets = measure_names(model, batches, COUNT, 0)
    assert scale.patches.shape == (0, 16, 16)
    raw = measure_names(model, batches, COUNT, 40)
    known = targets >= 0
    plain = np.log(scores / (1 - scores))
    # of each label the same values but for a line
    again = np.log(raw.scores / (1 - raw.scores))
    for a, b in zip(plain.T, again.T, strict=True):
        assert np.corrcoef(a, b)[0, 1] == pytest.approx(1, abs=1e-6)
    similarity = (plain - scale.bias) / scale.slope
    fit = LogisticRegression(C=np.inf, tol=1e-10)
    fit.fit(similarity[known][:, None], targets[known])
    assert fit.coef_[0, 0] == pytest.approx(scale.slope, rel=1e-2, abs=1e-4)
    other = retagged(model, ['zebra'], scale).head
    assert (other.gain, other.shift) == (scale.slope, pytest.approx(scale.bias))


def test_what_cannot_be_measured(model, batches):
    with pytest.raises(
        ValueError, match=r'pictures \(1 of 40\) must be at least 2, or 0'
    ):
        measure_names(model, batches, COUNT, 1)
    small = dict(batches[0], inputs=batches[0]['inputs'][..., :48])
    with pytest.raises(ValueError, match=r'several sizes .* \[\(4, 3\), \(4, 4\)\]'):
        measure_names(model, [batches[0], small], 32)
