import copy

import pytest
import torch
from mmpretrain.registry import MODELS
from torch import nn

from mvlr_mm.apis import optimize

SHAPE = (2, 3, 64, 64)


@pytest.fixture(params=['resnet', 'vit', 'timm'])
def model(request, tiny_clip):
    """MVLR on a tiny CLIP of every kind."""
    clip = tiny_clip(request.param)
    return build(clip)


def build(clip):
    torch.manual_seed(0)
    prompt = dict(
        type='PDLR',
        text_encoder=dict(type='CLIPTextEncoder', **clip),
        classes=['cat', 'dog', 'boat'],
    )
    neck = dict(
        type='NeckSequence',
        prompt=prompt,
        fusion=dict(type='IFM', embed_dim=16),
        interaction=dict(type='QMVL', embed_dim=16),
    )
    loss = dict(type='LogitAsymmetricLoss')
    return MODELS.build(
        dict(
            type='ImageClassifier',
            backbone=dict(type='CLIPBackbone', **clip),
            neck=neck,
            head=dict(type='SimilarityHead', loss=loss),
        )
    )


@torch.no_grad()
def scores(model, images):
    return model(images, mode='tensor')


@pytest.mark.parametrize('channels_last', [True, False, None])
def test_the_scores_stay(model, channels_last):
    images = torch.randn(SHAPE)
    expected = scores(model.eval(), images)
    fast = optimize(model, SHAPE, channels_last=channels_last)
    torch.testing.assert_close(scores(fast, images), expected, rtol=1e-3, atol=1e-4)
    smaller = torch.randn(1, 3, 96, 64)
    torch.testing.assert_close(
        scores(fast, smaller), scores(model, smaller), rtol=1e-3, atol=1e-4
    )


def test_the_model_itself_stays_as_it_was(tiny_clip):
    model = build(tiny_clip()).train()
    weights = copy.deepcopy(model.state_dict())
    wanted = [p.requires_grad for p in model.parameters()]
    fast = optimize(model, SHAPE, dtype=torch.bfloat16)
    assert model.training
    assert not fast.training
    assert [p.requires_grad for p in model.parameters()] == wanted
    assert not any(p.requires_grad for p in fast.parameters())
    now = model.state_dict()
    assert now.keys() == weights.keys()
    assert all(torch.equal(now[name], weights[name]) for name in weights)


def test_norms_are_folded_only_if_wanted(tiny_clip):
    model = build(tiny_clip())
    names = set(model.state_dict())
    assert set(optimize(model, SHAPE, fold=False).state_dict()) == names
    folded = set(optimize(model, SHAPE).state_dict())
    assert not any('bn1' in name for name in folded)
    assert any('bn1' in name for name in names)


def test_the_layout_is_the_one_asked_for(tiny_clip):
    model = build(tiny_clip())
    for wanted in (True, False):
        weight = optimize(model, SHAPE, channels_last=wanted).backbone.tower.trunk
        weight = weight.layer1[0].conv2.weight
        assert weight.is_contiguous(memory_format=torch.channels_last) == wanted
        seen = []
        fast = optimize(model, SHAPE, channels_last=wanted)
        fast.backbone.tower.trunk.conv1.register_forward_pre_hook(
            lambda _, inputs, seen=seen: seen.append(inputs[0])
        )
        scores(fast, torch.randn(SHAPE))
        assert seen[0].is_contiguous(memory_format=torch.channels_last) == wanted


def test_another_type_is_the_backbones_alone(model):
    fast = optimize(model, SHAPE, dtype=torch.bfloat16)
    assert {p.dtype for p in fast.backbone.parameters()} == {torch.bfloat16}
    assert {p.dtype for p in fast.neck.parameters()} == {torch.float32}
    images = torch.randn(SHAPE)
    expected, close = scores(model.eval(), images), scores(fast, images)
    assert close.dtype == torch.float32
    assert not torch.equal(close, expected)
    torch.testing.assert_close(close, expected, rtol=0.05, atol=0.3)


def test_predictions_come_as_before(tiny_clip):
    model = build(tiny_clip()).eval()
    images = torch.randn(SHAPE)
    with torch.no_grad():
        expected = model.predict(images)
        found = optimize(model, SHAPE).predict(images)
    for one, other in zip(expected, found, strict=True):
        torch.testing.assert_close(one.pred_score, other.pred_score)


def test_other_classes_after_it(tiny_clip):
    model = build(tiny_clip()).eval()
    fast = optimize(model, SHAPE)
    images = torch.randn(SHAPE)
    for each in (model, fast):
        each.neck.set_classes(['sea', 'moon'])
    assert scores(fast, images).shape == (2, 2)
    torch.testing.assert_close(
        scores(fast, images), scores(model, images), rtol=1e-3, atol=1e-4
    )


def test_mmpretrains_own_classifier():
    torch.manual_seed(0)
    model = MODELS.build(
        dict(
            type='ImageClassifier',
            backbone=dict(type='ResNet', depth=18),
            neck=dict(type='GlobalAveragePooling'),
            head=dict(type='MultiLabelLinearClsHead', num_classes=4, in_channels=512),
        )
    ).eval()
    images = torch.randn(SHAPE)
    fast = optimize(model, SHAPE, dtype=torch.bfloat16)
    expected = scores(model, images)
    torch.testing.assert_close(scores(fast, images), expected, rtol=0.05, atol=0.05)


@pytest.mark.parametrize('wanted', [True, False])
def test_compiling_compiles_every_part(tiny_clip, monkeypatch, wanted):
    compiled = []
    monkeypatch.setattr(nn.Module, 'compile', lambda self: compiled.append(type(self)))
    optimize(build(tiny_clip()), SHAPE, torch_compile=wanted)
    names = [kind.__name__ for kind in compiled]
    expected = ['CLIPBackbone', 'NeckSequence', 'SimilarityHead']
    assert names == (expected if wanted else [])


def test_a_model_without_a_backbone_is_refused():
    with pytest.raises(ValueError, match='with a backbone; Linear has none'):
        optimize(nn.Linear(2, 3))


def test_what_is_optimized_or_in_half_precision_is_refused(tiny_clip):
    model = build(tiny_clip())
    once = optimize(model, SHAPE, dtype=torch.bfloat16, channels_last=False)
    with pytest.raises(ValueError, match=r'comes from optimize\(\); give it the model'):
        optimize(once, SHAPE)
    with pytest.raises(
        ValueError, match=r'say optimize\(\.\.\., dtype=torch.bfloat16\)'
    ):
        optimize(model.bfloat16(), SHAPE)
