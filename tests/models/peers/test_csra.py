import math

import pytest
import torch
from mmpretrain.models.heads import CSRAClsHead
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

from mvlr_mm import VLFeatures


def build(**more):
    return MODELS.build(dict(type='CSRAHead', num_classes=3, embed_dim=5, **more))


@pytest.mark.parametrize('num_heads', [1, 2, 4, 6, 8])
def test_is_mmpretrains_head_on_patches(num_heads):
    torch.manual_seed(0)
    head = build(num_heads=num_heads, lam=0.4)
    stock = CSRAClsHead(3, 5, num_heads, 0.4)
    for ours, theirs in zip(head.scores, stock.csra_heads, strict=True):
        torch.nn.init.normal_(ours.weight)
        theirs.head.weight.data = ours.weight.data[:, :, None, None].clone()
    maps = torch.randn(2, 5, 2, 4, requires_grad=True)
    feats = VLFeatures(maps.flatten(2).mT, (2, 4))
    ours, theirs = head(feats), stock((maps,))
    torch.testing.assert_close(ours, theirs)
    weights = [score.weight for score in head.scores]
    mine = torch.autograd.grad(ours.square().sum(), [maps, *weights])
    weights = [part.head.weight for part in stock.csra_heads]
    other = torch.autograd.grad(theirs.square().sum(), [maps, *weights])
    for a, b in zip(mine, other, strict=True):
        torch.testing.assert_close(a, b.reshape(a.shape))


def test_is_the_equation_of_the_paper():
    torch.manual_seed(0)
    head = build(lam=0.3)
    patches = torch.randn(1, 4, 5)
    weight = head.scores[0].weight.detach()
    for label in range(3):
        m = weight[label] / weight[label].norm()
        scores = [float(m @ x) for x in patches[0]]
        exps = [math.exp(s) for s in scores]
        attended = sum(s * e for s, e in zip(scores, exps, strict=True)) / sum(exps)
        expected = sum(scores) / 4 + 0.3 * attended
        logit = head(VLFeatures(patches, (2, 2)))[0, label]
        assert float(logit) == pytest.approx(expected, abs=1e-6)


def test_the_mean_of_the_patches_is_the_part_without_attention():
    head = build(num_heads=4, lam=0.0)
    feats = VLFeatures(torch.randn(2, 6, 5), (2, 3))
    torch.testing.assert_close(head.patch_logits(feats).mean(dim=1), head(feats))


def test_what_is_not_said_is_one_head_as_published_for_voc():
    head = build()
    assert (head.temperatures, head.lam) == ((1,), 0.1)


def test_a_bias_counts_once_for_each_label():
    head = build(num_heads=2, bias=True)
    feats = VLFeatures(torch.randn(2, 6, 5), (2, 3))
    before = head(feats)
    head.bias.data = torch.tensor([1.0, -2.0, 0.5])
    torch.testing.assert_close(head(feats) - before, head.bias.data.expand(2, 3))
    assert 'bias' in head.named_rows
    assert build(num_heads=2).bias is None


@pytest.mark.parametrize('bias', [False, True])
def test_one_picture_of_another_size_trains_every_parameter(learns, bias):
    head = build(num_heads=4, bias=bias)
    feats = VLFeatures(torch.randn(1, 20, 5), (4, 5))
    learns(head, head.loss(feats, [DataSample().set_gt_label([1])]))


def test_another_number_of_heads_is_refused():
    with pytest.raises(ValueError, match=r'num_heads \(3\) must be one of 1, 2, 4, 6'):
        build(num_heads=3)
    with pytest.raises(ValueError, match=r'num_heads \(True\) must be a whole number'):
        build(num_heads=True)


def test_size_of_the_published_model(size_of):
    size, linear = size_of('csra/csra_rn101_coco.py'), size_of('asl/asl_rn101_coco.py')
    maps = 4 * 80 * 2048 - (80 * 2048 + 80)  # four without bias for one with
    assert size.parameters - linear.parameters == pytest.approx(maps / 1e6)
    products = 4 * 80 * 2048 * 196 - 80 * 2048
    assert size.multiply_adds - linear.multiply_adds == pytest.approx(products / 1e9)
