"""A trunk whose positions are for one size; the others are in the tests beside."""

import pytest
import torch
from mmpretrain.registry import MODELS

from mvlr_mm.export import trace_scores
from mvlr_mm.export.check import check_scores, torch_scorer
from mvlr_mm.export.graph import ScoreModel, stride_of


def test_a_trunk_of_one_size_becomes_a_graph_of_that_size(tiny_clip):
    torch.manual_seed(0)
    clip = tiny_clip('timm-vit')
    backbone = dict(type='CLIPBackbone', img_size=64, **clip)
    head = dict(type='VisualClassifierHead', num_classes=3)
    model = MODELS.build(dict(type='VLClassifier', backbone=backbone, head=head)).eval()
    own = ScoreModel(model)
    assert stride_of(own, 64, 64) is None
    module = trace_scores(model, 64, 64).module()
    assert check_scores(torch_scorer(module), torch_scorer(own), 64, 64, None) < 1e-5
    with pytest.raises(Exception, match='64'):
        module(torch.zeros(1, 3, 80, 64))
