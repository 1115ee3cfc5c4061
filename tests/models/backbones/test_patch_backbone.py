import pytest
import torch
from mmpretrain.registry import MODELS

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


def test_the_parts_behind_are_not_run():
    backbone = MODELS.build(
        dict(type='DenseBackbone', trunk=TRUNKS['layer3.0'], in_channels=64)
    ).eval()
    run = []
    backbone.trunk.layer3.register_forward_hook(lambda *_: run.append(1))
    kept = backbone.stage_map(torch.rand(1, 3, 64, 64), 'trunk.layer2.1')
    assert kept.values.shape == (1, 16, 8, 8)
    assert not run
    backbone(torch.rand(1, 3, 64, 64))
    assert run
