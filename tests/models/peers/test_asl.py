import pytest
import torch
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

from mvlr_mm import VLFeatures


def test_size_of_the_published_model(size_of):
    size = size_of('asl/asl_rn101_coco.py')
    # torchvision's ResNet-101 without its classifier, and a row for each label
    assert size.parameters == pytest.approx(42.500160 + (80 * 2048 + 80) / 1e6)
    assert size.multiply_adds == pytest.approx(4 * 7.8, abs=0.1)  # 224 px, four times


def test_the_published_loss_on_the_mean_of_the_map(learns):
    loss = dict(type='LogitAsymmetricLoss', gamma_neg=4.0, clip=0.05)
    head = MODELS.build(
        dict(
            type='VisualClassifierHead',
            classes=['cat', 'dog', 'sea'],
            embed_dim=4,
            loss=loss,
        )
    )
    feats = VLFeatures(torch.randn(1, 6, 4), (2, 3))
    scores = (head.fc.weight @ feats.visual[0].mean(0) + head.fc.bias).sigmoid()
    expected = -scores[1].log()
    for label in (0, 2):
        rest = (scores[label] - 0.05).clamp(min=0)
        expected = expected - rest**4 * (1 - rest).log()
    losses = head.loss(feats, [DataSample().set_gt_label([1])])
    torch.testing.assert_close(losses['loss'], expected)
    learns(head, losses)
