import pytest
import torch
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

from mvlr_mm import VLFeatures


def test_classifies_by_the_soft_labels_and_keeps_them_near_the_hard_ones():
    torch.manual_seed(0)
    stage = MODELS.build(dict(type='KgCoOp'))
    head = MODELS.build(
        dict(type='SimilarityHead', kcr=dict(type='KCRLoss', loss_weight=8.0))
    )
    hard, soft = torch.randn(3, 4), torch.randn(3, 4, requires_grad=True)
    feats = stage(VLFeatures(torch.randn(2, 6, 4), (2, 3), hard=hard, soft=soft))
    expected = (feats.visual @ soft.T).mean(dim=1)
    torch.testing.assert_close(head(feats), expected)
    losses = head.loss(feats, [DataSample().set_gt_label([i]) for i in range(2)])
    near = [
        float(h @ s / (h.norm() * s.norm())) for h, s in zip(hard, soft, strict=True)
    ]
    assert float(losses['loss_kcr']) == pytest.approx(8 * (1 - sum(near) / 3), rel=1e-5)
    assert torch.autograd.grad(losses['loss_kcr'], soft)[0].any()


def test_both_prompts_must_be_there():
    stage = MODELS.build(dict(type='KgCoOp'))
    with pytest.raises(ValueError, match=r'KgCoOp needs VLFeatures.hard'):
        stage(VLFeatures(torch.randn(2, 6, 4), (2, 3)))


def test_one_kind_of_prompts_cannot_train():
    stage, soft = MODELS.build(dict(type='KgCoOp')), torch.randn(3, 4)
    feats = VLFeatures(torch.randn(2, 6, 4), (2, 3), hard=soft, soft=soft)
    with pytest.raises(
        ValueError, match=r"one kind alone: set its prompts='hard\+soft'"
    ):
        stage(feats)
    assert stage.eval()(feats).labels is soft
