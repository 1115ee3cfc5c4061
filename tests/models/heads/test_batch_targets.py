import pytest
import torch
from mmpretrain.models.heads import MultiLabelLinearClsHead
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

from mvlr_mm import VLFeatures
from mvlr_mm.models.heads.batch_targets import batch_targets

LABELS = ([1, 4], [], [0], [4, 2, 3])


def test_one_row_a_picture():
    samples = [DataSample().set_gt_label(labels) for labels in LABELS]
    expected = torch.zeros(4, 5)
    for row, labels in enumerate(LABELS):
        for label in labels:
            expected[row, label] = 1
    found = batch_targets(samples, 5)
    assert found.dtype == torch.float32
    assert torch.equal(found, expected)


def test_pictures_without_any_label_and_a_label_named_twice():
    assert not batch_targets([DataSample().set_gt_label([])] * 2, 3).any()
    twice = batch_targets([DataSample().set_gt_label([2, 2])], 3)
    assert twice.tolist() == [[0, 0, 1]]


def test_scores_are_taken_as_they_are():
    samples = [
        DataSample().set_gt_label([0]).set_gt_score(torch.tensor(score))
        for score in ([1, -1, 0], [-1, 0, 1])
    ]
    assert batch_targets(samples, 3).tolist() == [[1, -1, 0], [-1, 0, 1]]


@pytest.mark.parametrize('label', [-1, 3])
def test_an_index_out_of_range_is_refused(label):
    with pytest.raises(RuntimeError, match=r'[Cc]lass values must be'):
        batch_targets([DataSample().set_gt_label([label])], 3)


def test_loss_equals_that_of_mmpretrain():
    torch.manual_seed(0)
    loss = dict(type='LogitAsymmetricLoss', gamma_neg=2.0)
    ours = MODELS.build(
        dict(type='VisualClassifierHead', num_classes=5, embed_dim=8, loss=loss)
    )
    theirs = MultiLabelLinearClsHead(5, 8, loss=loss)
    theirs.fc.load_state_dict(ours.fc.state_dict())
    patches = torch.randn(4, 6, 8)
    samples = [DataSample().set_gt_label(labels) for labels in LABELS]
    found = ours.loss(VLFeatures(patches, (2, 3)), samples)
    expected = theirs.loss((patches.mean(1),), samples)
    torch.testing.assert_close(found, expected)
