import numpy as np
import pytest
import torch
from mmpretrain.registry import MODELS
from sklearn.decomposition import PCA

from mvlr_mm import VLFeatures

NAMES = ['cat', 'dog', 'sea', 'sun']
PAIRS = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]


def build(tiny_clip, classes=NAMES):
    encoder = dict(type='CLIPTextEncoder', **tiny_clip())
    return MODELS.build(
        dict(type='SPARCHead', text_encoder=encoder, embed_dim=16, classes=classes)
    )


@pytest.fixture
def head(tiny_clip):
    return build(tiny_clip)


@pytest.fixture
def feats():
    patches = torch.randn(30, 6, 16, generator=torch.Generator().manual_seed(0))
    return VLFeatures(patches, (2, 3))


def published(head, feats):
    """The published steps in numpy and scikit-learn, on all pictures at once."""
    texts = head.texts.numpy().astype(float)
    texts /= np.linalg.norm(texts, axis=1, keepdims=True)
    pictures = feats.visual.mean(1).numpy().astype(float)
    pictures /= np.linalg.norm(pictures, axis=1, keepdims=True)
    scores = pictures @ texts.T
    own = scores[:, :4]
    scores = (scores - own.mean(1, keepdims=True)) / own.std(1, ddof=1, keepdims=True)
    scores = (scores - scores.mean(0)) / scores.std(0, ddof=1)
    result = []
    for label in range(4):
        columns = [4 + i for i, pair in enumerate(PAIRS) if label in pair]
        both = np.column_stack([np.sort(scores[:, columns], axis=1), scores[:, label]])
        first = PCA().fit(both).components_[0]
        first = first * np.sign(first.mean()) / np.abs(first).sum()
        result.append(0.5 * both @ first + 0.5 * scores[:, label])
    return np.column_stack(result)


def test_fitted_it_is_the_published_algorithm(head, feats):
    for part in range(0, 30, 8):  # in batches
        head.observe(feats._replace(visual=feats.visual[part : part + 8]))
    head.fit()
    np.testing.assert_allclose(head(feats), published(head, feats), atol=1e-4)
    assert not head._observed


def test_a_component_points_to_where_its_mean_is_positive(head):
    rise = torch.linspace(0, 3, 40).exp()
    scores = torch.randn(40, 10, generator=torch.Generator().manual_seed(0))
    # one pair of the first label falls where its others, and the label, rise
    scores[:, [0, 4, 5, 6]] = rise[:, None] * torch.tensor([1.0, -1.0, 1.0, 1.0])
    head.pre_logits = lambda feats: feats.visual
    head.observe(VLFeatures(scores, (1, 1)))
    head.fit()
    scores = ((scores - scores.mean(0)) / scores.std(0)).double().numpy()
    both = np.column_stack([np.sort(scores[:, 4:7], axis=1), scores[:, 0]])
    first = PCA().fit(both).components_[0]
    first = first * np.sign(first.mean()) / np.abs(first).sum()
    assert first[0] < -0.01
    np.testing.assert_allclose(head.direction[0], first, atol=1e-5)


def test_prompts_are_those_of_labels_and_pairs(head, tiny_clip):
    encoder = MODELS.build(dict(type='CLIPTextEncoder', **tiny_clip()))
    names = [*NAMES, *(f'{NAMES[i]} and {NAMES[j]}' for i, j in PAIRS)]
    texts = encoder.encode_texts([f'a photo of a {name}.' for name in names])
    torch.testing.assert_close(head.texts, texts)


def test_before_it_is_fitted_all_scores_weigh_alike(head, feats):
    scores = head.pre_logits(feats)
    torch.testing.assert_close(
        scores[:, :4].mean(1), torch.zeros(30), atol=1e-5, rtol=0
    )
    torch.testing.assert_close(scores[:, :4].std(1), torch.ones(30))
    mean = scores[:, [4, 5, 6, 0]].mean(1)
    torch.testing.assert_close(head(feats)[:, 0], (mean + scores[:, 0]) / 2)


def test_what_was_fitted_is_in_the_checkpoint(head, feats, tiny_clip):
    head.observe(feats)
    head.fit()
    other = build(tiny_clip)
    other.load_state_dict(head.state_dict())
    torch.testing.assert_close(other(feats), head(feats))
    with pytest.raises(ValueError, match=r"fitted for 4 labels \('cat', .*same order"):
        build(tiny_clip, NAMES[::-1]).load_state_dict(head.state_dict())


def test_too_little_is_refused(head, tiny_clip):
    with pytest.raises(ValueError, match='fitted on 0 pictures; observe more than'):
        head.fit()
    with pytest.raises(ValueError, match='over its labels; give at least two'):
        build(tiny_clip, ['cat'])


def test_as_many_pictures_as_labels_are_too_few(head, feats):
    head.observe(feats._replace(visual=feats.visual[:4]))
    with pytest.raises(
        ValueError, match='fitted on 4 pictures; observe more than it ha'
    ):
        head.fit()


def test_a_score_that_never_varies_stays_as_it_is(head, feats):
    one = feats._replace(visual=feats.visual[:1].expand(6, -1, -1))
    head.observe(one)
    head.fit()
    assert (head.deviation == 1).all()
    torch.testing.assert_close(head(one), torch.zeros(6, 4), atol=1e-4, rtol=0)
    assert head(feats).abs().max() < 10


def test_a_template_without_a_place_is_refused(tiny_clip):
    encoder = dict(type='CLIPTextEncoder', **tiny_clip())
    kind = MODELS.get('SPARCHead')
    with pytest.raises(ValueError, match=r"template \('a photo'\) must be a text"):
        kind(encoder, embed_dim=16, classes=NAMES, template='a photo')
