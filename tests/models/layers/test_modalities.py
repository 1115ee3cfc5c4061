import pytest
import torch

from mvlr_mm.models.layers.modalities import get_modalities
from mvlr_mm.structures import VLFeatures


def test_shared_labels_are_repeated_over_the_images():
    feats = VLFeatures(torch.randn(2, 6, 4), (2, 3), labels=torch.randn(5, 4))
    visual, labels = get_modalities(feats, 'Stage', 4)
    assert visual is feats.visual
    assert torch.equal(labels, torch.stack([feats.labels] * 2))


@pytest.mark.parametrize(
    ('visual', 'labels', 'embed_dim'), [(4, 8, 8), (8, 4, 8), (4, 4, 8)]
)
def test_other_widths_are_named(visual, labels, embed_dim):
    feats = VLFeatures(torch.randn(2, 6, visual), (2, 3), labels=torch.randn(5, labels))
    message = (
        rf'Stage: visual \(X\) is {visual} wide and labels \(T\) are {labels} wide, '
        rf'but both must be embed_dim \({embed_dim}\)'
    )
    with pytest.raises(ValueError, match=message):
        get_modalities(feats, 'Stage', embed_dim)


def test_missing_labels_name_the_stage():
    with pytest.raises(ValueError, match=r'Stage needs VLFeatures\.labels'):
        get_modalities(VLFeatures(torch.randn(2, 6, 4), (2, 3)), 'Stage', 4)
