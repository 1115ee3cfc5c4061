import torch
import torch.nn.functional as F

from mvlr_mm.models.heads import SimilarityHead
from mvlr_mm.models.necks import WholePicture
from mvlr_mm.structures import VLFeatures


def test_the_picture_is_compared_as_clip_does():
    visual, labels = torch.randn(2, 6, 8), torch.randn(3, 8)
    feats = VLFeatures(visual=visual, grid=(2, 3), labels=labels)
    whole = WholePicture()(feats)
    assert (whole.visual.shape, whole.grid) == ((2, 1, 8), (1, 1))
    found = SimilarityHead(scale=100.0)(whole)
    expected = 100 * F.cosine_similarity(visual.mean(1)[:, None], labels[None], dim=-1)
    torch.testing.assert_close(found, expected)
