from pathlib import Path

import torch
import torch.nn.functional as F
from mmengine.config import Config
from mmpretrain.registry import MODELS

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


def test_no_two_similarities_of_the_config_have_the_same_score():
    root = Path(__file__).parents[3] / 'configs/mvlr'
    head = MODELS.build(Config.fromfile(root / 'clip_custom_small-clip.py').model.head)
    angles = torch.linspace(0, torch.pi, 500)
    visual = torch.stack([angles.cos(), angles.sin()], dim=1)[:, None]
    feats = VLFeatures(visual=visual, grid=(1, 1), labels=torch.eye(2)[:1])
    scores = head(feats).sigmoid().flatten()
    assert (scores.diff() < 0).all()
