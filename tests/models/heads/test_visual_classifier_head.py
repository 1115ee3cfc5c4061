import torch
from mmpretrain.registry import MODELS

from mvlr_mm import VLFeatures


def test_is_linear_on_the_mean_patch():
    head = MODELS.build(dict(type='VisualClassifierHead', num_classes=3, embed_dim=4))
    feats = VLFeatures(torch.randn(2, 6, 4), (2, 3))
    for image in range(2):
        mean = sum(feats.visual[image]) / 6
        expected = head.fc.weight @ mean + head.fc.bias
        torch.testing.assert_close(head(feats)[image], expected)
