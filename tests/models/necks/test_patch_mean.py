import torch
from mmpretrain.registry import MODELS

from mvlr_mm.models.classifiers import VLClassifier
from mvlr_mm.models.necks import PatchMean
from mvlr_mm.structures import VLFeatures


def test_the_patches_are_averaged():
    feats = VLFeatures(visual=torch.arange(12.0).view(1, 4, 3), grid=(2, 2))
    (mean,) = PatchMean()(feats)
    assert mean.tolist() == [[4.5, 5.5, 6.5]]


def test_a_head_of_mmpretrain_takes_its_width_from_the_patches():
    model = VLClassifier(
        backbone=dict(
            type='DenseBackbone',
            trunk=dict(type='ResNet', depth=18),
            in_channels=512,
            embed_dim=24,
        ),
        neck=dict(type='PatchMean'),
        head=dict(type='MultiLabelLinearClsHead', num_classes=3),
    )
    assert model.head.fc.weight.shape == (3, 24)
    assert type(model.head) is MODELS.get('MultiLabelLinearClsHead')
    assert model(torch.zeros(2, 3, 32, 32)).shape == (2, 3)
