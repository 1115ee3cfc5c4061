import pytest
import torch
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

from mvlr_mm import VLFeatures


def test_is_linear_on_the_mean_patch():
    head = MODELS.build(dict(type='VisualClassifierHead', num_classes=3, embed_dim=4))
    feats = VLFeatures(torch.randn(2, 6, 4), (2, 3))
    for image in range(2):
        mean = sum(feats.visual[image]) / 6
        expected = head.fc.weight @ mean + head.fc.bias
        torch.testing.assert_close(head(feats)[image], expected)
    torch.testing.assert_close(head.patch_logits(feats).mean(dim=1), head(feats))


@pytest.fixture
def feats():
    patches = torch.randn(2, 6, 4, generator=torch.Generator().manual_seed(0))
    return VLFeatures(patches, (2, 3), names=('cat', 'dog', 'sea'))


def build():
    return MODELS.build(dict(type='VisualClassifierHead', num_classes=3, embed_dim=4))


@pytest.mark.parametrize('way', ['loss', 'predict'])
def test_its_rows_belong_to_the_labels_that_it_met(feats, way):
    head, samples = build(), [DataSample().set_gt_label([0]) for _ in range(2)]
    other = feats._replace(names=('dog', 'cat', 'sea'))

    def call(given):
        return head.loss(given, samples) if way == 'loss' else head.predict(given)

    call(feats)
    assert head.classes == feats.names
    message = r"for each of 3 labels \('cat', .*gets 3 \('dog', .*in another order"
    with pytest.raises(ValueError, match=message):
        call(other)
    call(feats._replace(names=None))


def test_a_checkpoint_of_another_order_is_taken_by_name_or_refused(feats):
    trained, known, new = build(), build(), build()
    trained.predict(feats)
    known.predict(feats._replace(names=('sea', 'cat', 'dog')))
    known.load_state_dict(trained.state_dict())
    assert torch.equal(known.fc.weight, trained.fc.weight[[2, 0, 1]])
    assert torch.equal(known.fc.bias, trained.fc.bias[[2, 0, 1]])
    new.load_state_dict(trained.state_dict())
    new.predict(feats)
    with pytest.raises(ValueError, match='in another order'):
        new.predict(feats._replace(names=('sea', 'cat', 'dog')))
