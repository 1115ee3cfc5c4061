from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

TRUNK = dict(type='ResNet', depth=18)
BASE = """
model = dict(
    type='ImageClassifier',
    backbone=dict(type='CLIPBackbone', model='RN101-quickgelu', pretrained='openai'),
    neck=dict(
        type='NeckSequence',
        prompt=dict(
            type='LabelVectors', file='v.npy', classes=['cat', 'dog'], embed_dim=8
        ),
        fusion=dict(type='IFM', embed_dim=8),
    ),
    head=dict(type='SimilarityHead'),
)
"""
CHILD = """
_base_ = './base.py'
resnet = dict(type='ResNet', depth=18)
model = dict(
    backbone=dict(
        _delete_=True,
        type='DenseBackbone',
        trunk=resnet,
        in_channels=512,
        embed_dim=8,
    )
)
"""


@pytest.mark.parametrize('scope', ['', 'mmdet.'])
def test_equals_the_trunk_and_a_projection_of_each_patch(scope):
    if scope:
        pytest.importorskip('mmdet.models')
    trunk = TRUNK | dict(type=f'{scope}ResNet')
    cfg = dict(type='DenseBackbone', trunk=trunk, in_channels=512, embed_dim=8)
    backbone = MODELS.build(cfg)
    backbone.eval()
    images = torch.rand(2, 3, 64, 96)
    feats, last = backbone(images), backbone.trunk(images)[-1]
    assert backbone.embed_dim == 8
    assert feats.grid == (2, 3)
    weight = backbone.dense.proj.weight[:, :, None, None]
    maps = torch.conv2d(last, weight, backbone.dense.proj.bias)
    torch.testing.assert_close(feats.visual, maps.flatten(2).mT, atol=1e-5, rtol=1e-5)


def test_without_a_width_the_trunks_own_channels_come_out():
    backbone = MODELS.build(dict(type='DenseBackbone', trunk=TRUNK, in_channels=512))
    backbone.eval()
    images = torch.rand(1, 3, 64, 96)
    feats, last = backbone(images), backbone.trunk(images)[-1]
    assert backbone.embed_dim == 512
    assert not list(backbone.dense.parameters())
    torch.testing.assert_close(feats.visual, last.flatten(2).mT)


def test_channels_last_changes_nothing_but_the_layout():
    torch.manual_seed(0)
    cfg = dict(type='DenseBackbone', trunk=TRUNK, in_channels=512, embed_dim=8)
    fast, plain = MODELS.build(cfg | dict(channels_last=True)), MODELS.build(cfg)
    for backbone in (fast, plain):  # statistics of two pictures would enlarge rounding
        backbone.eval()
    plain.load_state_dict(fast.state_dict())
    last = torch.channels_last
    assert fast.trunk.conv1.weight.is_contiguous(memory_format=last)
    assert plain.trunk.conv1.weight.is_contiguous()
    seen = []
    for backbone in (fast, plain):
        backbone.trunk.layer1.register_forward_hook(lambda *args: seen.append(args[2]))
    images = torch.rand(2, 3, 64, 96)
    pair = [backbone(images).visual for backbone in (fast, plain)]
    torch.testing.assert_close(*pair, atol=1e-5, rtol=1e-4)
    assert seen[0].is_contiguous(memory_format=last)
    assert seen[1].is_contiguous()
    for patches in pair:
        patches.square().sum().backward()
    there, here = [backbone.trunk.conv1.weight.grad for backbone in (fast, plain)]
    assert (there - here).norm() < 1e-3 * here.norm()


def test_layers_for_rates_are_those_of_the_trunk():
    trunk = dict(type='ResNet', depth=50, stem_channels=4, base_channels=4)
    backbone = MODELS.build(dict(type='DenseBackbone', trunk=trunk, in_channels=128))
    assert backbone.get_layer_depth('x.trunk.conv1.weight', 'x.')[0] == 0
    first, count = backbone.get_layer_depth('x.trunk.layer1.0.conv1.weight', 'x.')
    own = backbone.trunk.get_layer_depth('layer1.0.conv1.weight')
    assert (first, count) == own
    behind = (count - 1, count)
    assert first < count - 1
    assert backbone.get_layer_depth('x.dense.proj.weight', 'x.') == behind
    assert backbone.get_layer_depth('head.bias', 'x.') == behind


def test_a_trunk_without_layers_says_so():
    trunk = dict(type='TIMMBackbone', model_name='mobilenetv3_small_050')
    cfg = dict(type='DenseBackbone', trunk=trunk, in_channels=288)
    with pytest.raises(NotImplementedError, match='TIMMBackbone has no get_layer_d'):
        MODELS.build(cfg).get_layer_depth('trunk.x')


def test_maps_kept_of_the_first_parts_are_laid_out_too():
    cfg = dict(type='DenseBackbone', trunk=TRUNK, in_channels=512, embed_dim=8)
    backbone = MODELS.build(cfg | dict(channels_last=True)).eval()
    kept = backbone.stage_map(torch.rand(1, 3, 64, 64), 'trunk.layer1.1')
    seen = []
    backbone.trunk.layer2.register_forward_hook(lambda *args: seen.append(args[2]))
    backbone(kept._replace(values=kept.values.contiguous()))
    assert seen[0].is_contiguous(memory_format=torch.channels_last)


def test_the_stage_and_the_backbone_are_one_way():
    stage = dict(type='DenseProjection', in_channels=512, out_channels=8)
    backbone = MODELS.build(
        dict(type='DenseBackbone', trunk=TRUNK, in_channels=512, embed_dim=8)
    )
    assert type(MODELS.build(stage)) is type(backbone.dense)


def test_drops_prefix_tokens():
    vit = dict(
        type='VisionTransformer',
        arch=dict(embed_dims=16, num_layers=1, num_heads=2, feedforward_channels=16),
        img_size=64,
        out_type='raw',
    )
    cfg = dict(type='DenseBackbone', trunk=vit, in_channels=16, embed_dim=8)
    backbone = MODELS.build({**cfg, 'prefix_tokens': 1})
    assert backbone(torch.rand(1, 3, 64, 64)).grid == (4, 4)


def test_one_inherited_line_swaps_the_backbone(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save('v.npy', np.eye(2, 8, dtype=np.float32))
    Path('base.py').write_text(BASE)
    Path('child.py').write_text(CHILD)
    model = MODELS.build(Config.fromfile('child.py').model)
    samples = [DataSample().set_gt_label([i]) for i in range(2)]
    for sample in samples:
        sample.set_field(2, 'num_classes', field_type='metainfo')
    losses = model(torch.rand(2, 3, 64, 64), samples, mode='loss')
    losses['loss'].backward()
    trunk = model.backbone.trunk
    assert trunk.conv1.weight.grad.abs().sum() > 0
    assert model.backbone.dense.proj.weight.grad.abs().sum() > 0
