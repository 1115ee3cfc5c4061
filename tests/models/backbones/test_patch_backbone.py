import pytest
import torch
from mmpretrain.registry import MODELS

from mvlr_mm.models.backbones import patch_backbone

TRUNKS = {  # a trunk of each family, its channels, and a part to go on from
    'layer3.0': dict(type='ResNet', depth=18, stem_channels=8, base_channels=8),
    'timm_model.blocks.4.2': dict(
        type='TIMMBackbone', model_name='mobilenetv2_035', features_only=False
    ),
    'layers.2.0': dict(type='EfficientNet', arch='b0'),
}
CHANNELS = {'ResNet': 64, 'EfficientNet': 1280, 'TIMMBackbone': 1280}


@pytest.mark.parametrize('part', TRUNKS)
def test_goes_on_from_what_a_part_gives_with_the_same_gradients(part):
    trunk = TRUNKS[part]
    torch.manual_seed(0)
    backbone = MODELS.build(
        dict(
            type='DenseBackbone',
            trunk=trunk,
            in_channels=CHANNELS[trunk['type']],
            embed_dim=4,
        )
    ).eval()
    name = f'trunk.{part}'
    assert name in backbone.parts()
    images = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        kept = backbone.stage_map(images, name)
    assert kept.stage == name
    grads = {}
    for inputs in (images, kept):
        feats = backbone(inputs)
        assert feats.grid == (2, 2)
        backbone.zero_grad()
        feats.visual.square().sum().backward()
        grads[type(inputs)] = {
            name: parameter.grad.clone()
            for name, parameter in backbone.named_parameters()
            if parameter.grad is not None
        }
    whole, behind = grads.values()
    parts = backbone.parts()
    leading = tuple(f'{p}.' for p in parts[: parts.index(name) + 1])
    own = {name for name in whole if not name.startswith(leading)}
    assert set(behind) == own < set(whole)
    assert any(name.startswith('trunk.') for name in own)
    for name in own:
        torch.testing.assert_close(behind[name], whole[name])


def test_what_follows_in_place_changes_nothing_that_is_kept():
    trunk = TRUNKS['layer3.0']
    backbone = MODELS.build(dict(type='DenseBackbone', trunk=trunk, in_channels=64))
    backbone.eval()
    kept = backbone.stage_map(torch.rand(1, 3, 64, 64), 'trunk.bn1')
    assert kept.values.min() < 0  # a rectifier that writes into its input follows


def calls_of(backbone, monkeypatch):
    """Return the list of the numbers of pictures that its trunk is given from here."""
    calls, whole = [], backbone.trunk_patches
    monkeypatch.setattr(
        backbone, 'trunk_patches', lambda x: calls.append(len(x)) or whole(x)
    )
    return calls


@pytest.mark.parametrize('part', TRUNKS)
def test_a_few_pictures_at_a_time_where_no_gradients_are_kept(part, monkeypatch):
    monkeypatch.setattr(patch_backbone, '_PIXELS', 2 * 64 * 64)
    monkeypatch.setattr(torch, 'get_num_threads', lambda: 1)
    trunk = TRUNKS[part]
    channels = CHANNELS[trunk['type']]
    torch.manual_seed(0)
    backbone = MODELS.build(
        dict(type='DenseBackbone', trunk=trunk, in_channels=channels, embed_dim=4)
    ).eval()
    images = torch.rand(5, 3, 64, 64)
    expected = backbone(images)
    calls = calls_of(backbone, monkeypatch)
    with torch.no_grad():
        found = backbone(images)
        assert calls == [2, 2, 1]
        assert found.grid == expected.grid
        torch.testing.assert_close(found.visual, expected.visual)
        assert len(backbone(images[:0]).visual) == 0
        monkeypatch.setattr(torch, 'get_num_threads', lambda: 3)
        del calls[:]
        backbone(images)
        assert calls == [3, 2]  # a picture for each thread


def test_a_batch_stays_whole_in_training_in_graphs_and_before_a_vit(monkeypatch):
    monkeypatch.setattr(patch_backbone, '_PIXELS', 1)
    monkeypatch.setattr(torch, 'get_num_threads', lambda: 1)
    images = torch.rand(3, 3, 32, 32)
    trunk = TRUNKS['layer3.0']
    backbone = MODELS.build(dict(type='DenseBackbone', trunk=trunk, in_channels=64))
    batch = {0: torch.export.Dim('batch', max=8)}
    with torch.no_grad():
        program = torch.export.export(
            backbone.eval(), (images,), dynamic_shapes=(batch,), strict=False
        )
        assert len(program.module()(torch.rand(5, 3, 32, 32)).visual) == 5
    calls = calls_of(backbone, monkeypatch)
    backbone(images)
    with torch.no_grad():
        backbone.train()(images)  # the norms take the batch's own statistics
        assert calls == [3, 3]
        tokens = dict(
            type='VisionTransformer',
            arch='deit-tiny',
            img_size=32,
            patch_size=16,
            out_type='featmap',
        )
        vit = MODELS.build(dict(type='DenseBackbone', trunk=tokens, in_channels=192))
        of_vit = calls_of(vit.eval(), monkeypatch)
        vit(images)
    assert of_vit == [3]
