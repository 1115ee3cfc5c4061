import pytest
import torch
import torch.nn.functional as F
from torch import nn

from mvlr_mm.models.backbones.towers import fold, make_tower
from mvlr_mm.models.clip import load_clip


@pytest.fixture
def images():
    return torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))


def tower_and_reference(tiny_clip, reference_clip, kind, **kwargs):
    files = tiny_clip(kind)
    tower = make_tower(load_clip(**files).visual, **kwargs).eval()
    return tower, reference_clip(files)


def test_resnet_with_the_pool_put_back_is_open_clip(tiny_clip, reference_clip, images):
    tower, clip = tower_and_reference(tiny_clip, reference_clip, 'resnet')
    seen = []
    tower.trunk.layer4.register_forward_hook(lambda _m, _i, out: seen.append(out))
    tower(images)
    torch.testing.assert_close(clip.visual.attnpool(seen[0]), clip.encode_image(images))


def test_resnet_patch_is_what_the_pool_makes_of_it_alone(
    tiny_clip, reference_clip, images
):
    tower, clip = tower_and_reference(tiny_clip, reference_clip, 'resnet')
    patches, grid = tower(images)
    assert grid == (2, 2)
    assert patches.shape == (2, 4, 16)
    pool, layer4 = clip.visual.attnpool, []
    clip.visual.layer4.register_forward_hook(lambda _m, _i, out: layer4.append(out))
    clip.encode_image(images)
    patch = layer4[0][1, :, 0, 1]  # image 1, row 0, column 1
    expected = pool.c_proj(pool.v_proj(patch))
    torch.testing.assert_close(patches[1, 1], expected, atol=1e-5, rtol=1e-4)


def test_vit_with_its_class_token_put_back_is_open_clip(
    tiny_clip, reference_clip, images
):
    tower, clip = tower_and_reference(tiny_clip, reference_clip, 'vit')
    seen = []
    tower.trunk.transformer.register_forward_hook(lambda _m, _i, out: seen.append(out))
    patches, grid = tower(images)
    pooled = tower.trunk.ln_post(seen[0][:, 0]) @ tower.trunk.proj
    torch.testing.assert_close(pooled, clip.encode_image(images))
    tokens = clip.visual.ln_post(seen[0][:, 1:]) @ clip.visual.proj
    torch.testing.assert_close(patches, tokens)
    assert grid == (4, 4)


def test_vit_takes_any_size_and_interpolates_positions_as_open_clip(
    tiny_clip, reference_clip
):
    tower, clip = tower_and_reference(tiny_clip, reference_clip, 'vit')
    patches, grid = tower(torch.randn(1, 3, 96, 128))
    assert grid == (6, 8)
    assert patches.shape == (1, 48, 16)
    own = clip.visual.positional_embedding
    square = own[1:].T.reshape(1, -1, 4, 4)
    expected = F.interpolate(square, (6, 8), mode='bicubic', antialias=True)
    positions = tower.positions((6, 8))
    torch.testing.assert_close(positions[1:], expected.flatten(2)[0].T)
    torch.testing.assert_close(positions[0], own[0])


def test_timm_cnn_averages_to_open_clip(tiny_clip, reference_clip, images):
    tower, clip = tower_and_reference(tiny_clip, reference_clip, 'timm')
    seen = []
    trunk = clip.visual.trunk
    trunk.conv_head.register_forward_pre_hook(lambda _m, args: seen.append(args[0]))
    patches, grid = tower(images)
    assert grid == (2, 2)
    assert patches.shape == (2, 4, tower.embed_dim)
    expected = clip.visual.head.proj(trunk.forward_features(images).mean((2, 3)))
    torch.testing.assert_close(patches.mean(1), expected)


def test_timm_vit_takes_the_size_it_is_told(tiny_clip, reference_clip, images):
    tower, _ = tower_and_reference(tiny_clip, reference_clip, 'timm-vit', img_size=64)
    patches, grid = tower(images)
    assert grid == (4, 4)
    assert patches.shape == (2, 16, 16)


@pytest.mark.parametrize(
    'name', ['convnext_base', 'swin_base_patch4_window7_224', 'RN50']
)
def test_other_towers_of_open_clip_give_patches(name):
    tower = make_tower(load_clip(name).visual, 224).eval()
    with torch.no_grad():
        patches, grid = tower(torch.randn(1, 3, 224, 224))
    assert patches.shape == (1, grid[0] * grid[1], tower.embed_dim)


def test_fold_is_the_product_of_the_maps():
    value, output = nn.Linear(6, 5), nn.Linear(5, 4)
    x = torch.randn(3, 6)
    torch.testing.assert_close(fold(value, output)(x), output(value(x)))


def test_unknown_tower_is_named():
    with pytest.raises(ValueError, match=r'image tower Identity'):
        make_tower(nn.Identity())
