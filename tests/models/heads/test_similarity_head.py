import math

import pytest
import torch
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

from mvlr_mm import VLFeatures


def features(labels=(2, 3, 4)):
    torch.manual_seed(0)
    return VLFeatures(
        torch.randn(2, 6, 4, requires_grad=True),
        (2, 3),
        labels=torch.randn(labels, requires_grad=True),
    )


def build(**kwargs):
    return MODELS.build(dict(type='SimilarityHead', **kwargs))


@pytest.mark.parametrize('labels', [(2, 3, 4), (3, 4)])
def test_dot_product_is_eq_12_with_the_mean_patch(labels):
    feats = features(labels)
    out = build()(feats)
    for image in range(2):
        own = feats.labels[image] if len(labels) == 3 else feats.labels
        for j in range(3):
            expected = torch.stack(
                [patch @ own[j] for patch in feats.visual[image]]
            ).mean()
            torch.testing.assert_close(out[image, j], expected)


def test_cosine_with_scale_and_bias():
    feats = features()
    head = build(scale=20.0, bias=-3.0, pooling=dict(type='MaxPatchPooling'))
    x, t = feats.visual[1], feats.labels[1, 2]
    cosines = [(p @ t / (p.norm() * t.norm())).item() for p in x]
    assert head(feats)[1, 2].item() == pytest.approx(20 * max(cosines) - 3, abs=1e-4)
    head(feats).sum().backward()
    assert head.log_scale.grad.abs() > 0
    assert head.bias.grad.item() == pytest.approx(6)


def test_loss_is_eq_14():
    feats = features()
    feats = feats._replace(knowledge=torch.randn(3, 4), context=torch.randn(2, 3, 4))
    head = build(
        loss=dict(type='LogitAsymmetricLoss', reduction='mean'),
        kcr=dict(type='KCRLoss', loss_weight=4.0),
    )
    samples = [DataSample().set_gt_label([0, 2]), DataSample().set_gt_label([])]
    targets = torch.tensor([[1.0, 0, 1], [0, 0, 0]])
    losses = head.loss(feats, samples)
    expected = head.loss_module(head(feats), targets)
    torch.testing.assert_close(losses['loss'], expected)
    cosine = torch.cosine_similarity(feats.knowledge[None], feats.context, dim=-1)
    torch.testing.assert_close(losses['loss_kcr'], 4 * (1 - cosine).mean())


def test_predicts_scores_and_labels():
    samples = build(thr=0.6).predict(features())
    logits = build()(features())
    torch.testing.assert_close(samples[0].pred_score, logits[0].sigmoid())
    wanted = [j for j in range(3) if logits[0, j] >= math.log(0.6 / 0.4)]
    assert samples[0].pred_label.tolist() == wanted


def test_missing_stages_and_widths_are_named():
    bare = VLFeatures(torch.randn(1, 4, 4), (2, 2))
    with pytest.raises(ValueError, match=r"SimilarityHead needs .*labels.*'PDLR'"):
        build()(bare)
    with pytest.raises(ValueError, match=r'width 4 with labels of width 5.*embed_dim'):
        build()(bare._replace(labels=torch.randn(3, 5)))
    with pytest.raises(ValueError, match=r"KCR loss of SimilarityHead.*type='IFM'"):
        build(kcr=dict(type='KCRLoss')).loss(
            bare._replace(labels=torch.randn(3, 4)), [DataSample().set_gt_label([1])]
        )
    with pytest.raises(
        ValueError, match=r'scale \(0\) must be a finite number, above 0'
    ):
        build(scale=0)
    with pytest.raises(ValueError, match=r'bias \(-4\.0\) is added to .*scale is None'):
        build(bias=-4.0)
    build(bias=0)
    for wrong in (dict(scale='20.'), dict(scale=1.0, bias='x')):
        with pytest.raises(ValueError, match=r"\('.*'\) must be a finite number"):
            build(**wrong)


def test_a_patch_of_zeros_is_a_patch_in_half_precision():
    head = MODELS.build(dict(type='SimilarityHead', scale=10.0)).half()
    visual, labels = torch.ones(1, 4, 8), torch.ones(3, 8)
    visual[0, 2] = 0
    feats = VLFeatures(visual.half(), (2, 2), labels=labels.half())
    assert head(feats).isfinite().all()
