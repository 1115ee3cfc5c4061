import pytest
import torch
from mmengine.registry import DefaultScope
from mmpretrain.registry import MODELS
from torch import nn

from mvlr_mm.engine import FreezeModules
from mvlr_mm.features.frozen_part import (
    backbone_of,
    frozen_stage,
    frozen_weights,
    stages_of,
)


@pytest.fixture
def model(tiny_clip):
    def make(**backbone):
        net = nn.Module()
        cfg = dict(type='CLIPBackbone', **tiny_clip('resnet'), **backbone)
        with DefaultScope.overwrite_default_scope('mmpretrain'):
            net.backbone = MODELS.build(cfg)
        return net

    return make


def test_all_of_a_frozen_backbone_is_kept(model):
    assert frozen_stage(model(), [FreezeModules(['backbone'])]) == 'patches'
    both = frozen_stage(
        model(frozen_stages=-1), [FreezeModules(['backbone.tower.proj'])]
    )
    assert both == 'patches'


def test_a_projection_that_trains_or_drops_is_not(model):
    assert frozen_stage(model(frozen_stages=-1)) == 'trunk'
    drops = model(frozen_stages=-1, dropout=0.1)
    assert frozen_stage(drops, [FreezeModules(['backbone.tower.proj'])]) == 'trunk'
    held = [FreezeModules(['backbone'])]
    assert frozen_stage(model(dropout=0.1), held) == 'patches'


def test_a_frozen_trunk_without_a_projection_is_kept_as_the_trunk():
    net = nn.Module()
    trunk = dict(type='ResNet', depth=18, stem_channels=4, base_channels=4)
    dense = dict(type='DenseBackbone', trunk=trunk, in_channels=32)
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        net.backbone = MODELS.build(dense)
    assert frozen_stage(net, [FreezeModules(['backbone'])]) == 'trunk'


def test_of_a_trunk_that_trains_the_parts_before_are_kept(model):
    net = model(frozen_stages=4)
    assert frozen_stage(net) == 'tower.trunk.layer3.0'
    weights = frozen_weights(net.backbone, 'tower.trunk.layer3.0')
    assert {name.split('.')[2] for name in weights} == {
        *('conv1', 'bn1', 'conv2', 'bn2', 'conv3', 'bn3'),
        *('layer1', 'layer2', 'layer3'),
    }
    assert stages_of(net.backbone)[-2:] == ['trunk', 'patches']


def test_a_trunk_that_trains_from_its_first_part_on_is_refused_by_name(model):
    with pytest.raises(ValueError, match=r'backbone\.tower\.trunk\.conv1\.weight'):
        frozen_stage(model(frozen_stages=0))


def test_of_a_vit_the_tokens_of_a_block_are_kept(tiny_clip):
    net = nn.Module()
    net.backbone = MODELS.build(
        dict(type='CLIPBackbone', **tiny_clip('vit'), frozen_stages=2)
    )
    block = 'tower.trunk.transformer.resblocks.0'
    assert frozen_stage(net) == block
    weights = set(frozen_weights(net.backbone, block))
    assert {'class_embedding', 'positional_embedding', 'conv1.weight'} < {
        name.removeprefix('tower.trunk.') for name in weights
    }
    others = set(net.backbone.state_dict()) - weights
    assert {name.split('.')[2] for name in others} == {'transformer', 'ln_post', 'proj'}
    net.backbone.tower.trunk.positional_embedding.requires_grad_(True)
    with pytest.raises(ValueError, match=r'do not: .*trunk\.positional_embedding'):
        frozen_stage(net)


def test_a_trunk_with_positions_beside_its_parts_is_kept_whole_or_not_at_all():
    net = nn.Module()
    trunk = dict(
        type='VisionTransformer',
        arch=dict(embed_dims=8, num_layers=2, num_heads=2, feedforward_channels=8),
        img_size=32,
        out_type='featmap',
        frozen_stages=1,
    )
    net.backbone = MODELS.build(dict(type='DenseBackbone', trunk=trunk, in_channels=8))
    assert stages_of(net.backbone) == ['trunk', 'patches']
    with pytest.raises(ValueError, match=r'do not: backbone\.trunk\.layers\.1'):
        frozen_stage(net)


def test_a_frozen_projection_has_to_come_from_somewhere():
    net = nn.Module()
    trunk = dict(type='MobileNetV2', widen_factor=0.25)
    net.backbone = MODELS.build(
        dict(type='DenseBackbone', trunk=trunk, in_channels=1280, embed_dim=8)
    )
    held = [FreezeModules(['backbone'])]
    with pytest.raises(
        ValueError, match=r'backbone\.dense\.proj is frozen, and random'
    ):
        frozen_stage(net, held)
    net.backbone.load_state_dict(net.backbone.state_dict())
    assert frozen_stage(net, held) == 'patches'
    net.backbone.dense.requires_grad_(True)
    assert frozen_stage(net, [FreezeModules(['backbone.trunk'])]) == 'trunk'


def test_a_norm_that_counts_is_not_kept_though_nothing_has_a_gradient(model):
    net = model(norm_eval=False)
    net.requires_grad_(False)
    assert frozen_stage(net) == 'tower.trunk.conv1'


def test_a_backbone_without_patches_is_refused():
    net = nn.Module()
    net.backbone = nn.Conv2d(3, 4, 1)
    with pytest.raises(ValueError, match=r'Conv2d gives no patches.*DenseBackbone'):
        backbone_of(net)


@pytest.mark.parametrize('kind', ['resnet', 'vit', 'timm'])
def test_the_halves_of_a_tower_are_the_whole(tiny_clip, kind):
    cfg = dict(type='CLIPBackbone', **tiny_clip(kind))
    backbone = MODELS.build(cfg).eval()
    images = torch.rand(2, 3, 64, 64)
    whole, half = backbone(images), backbone.trunk_patches(images)
    for inputs in (half, whole):
        again = backbone(inputs)
        assert again.grid == whole.grid
        torch.testing.assert_close(again.visual, whole.visual)
    names = [name for name, _ in backbone.named_parameters()]
    trunk = frozen_weights(backbone, 'trunk')
    behind = [name for name in names if name not in trunk]
    assert behind == (
        ['tower.trunk.proj']
        if kind == 'vit'
        else [name for name in names if name.startswith('tower.proj.')]
    )
    # the trunk's patches hang on nothing behind them
    for name in behind:
        nn.init.zeros_(backbone.get_parameter(name))
    assert torch.equal(backbone.trunk_patches(images).patches, half.patches)
