import pytest
import torch
import torch.nn.functional as F
from open_clip.transformer import VisionTransformer

from mvlr_mm.models.backbones.towers import ViTTower, make_tower
from mvlr_mm.models.clip import load_visual

SIZES = dict(image_size=32, patch_size=16, layers=1, heads=2, mlp_ratio=2)


@pytest.fixture
def tower_and_clip(tiny_clip, reference_clip):
    files = tiny_clip('vit')
    return make_tower(load_visual(**files)).eval(), reference_clip(files)


def test_with_its_class_token_put_back_it_is_open_clip(tower_and_clip, images):
    tower, clip = tower_and_clip
    seen = []
    tower.trunk.transformer.register_forward_hook(lambda _m, _i, out: seen.append(out))
    patches, grid = tower(images)
    pooled = tower.trunk.ln_post(seen[0][:, 0]) @ tower.trunk.proj
    torch.testing.assert_close(pooled, clip.encode_image(images))
    tokens = clip.visual.ln_post(seen[0][:, 1:]) @ clip.visual.proj
    torch.testing.assert_close(patches, tokens)
    assert grid == (4, 4)


def test_it_takes_any_size_and_interpolates_positions_as_open_clip(tower_and_clip):
    tower, clip = tower_and_clip
    patches, grid = tower(torch.randn(1, 3, 96, 128))
    assert grid == (6, 8)
    assert patches.shape == (1, 48, 16)
    own = clip.visual.positional_embedding
    square = own[1:].T.reshape(1, -1, 4, 4)
    expected = F.interpolate(square, (6, 8), mode='bicubic', antialias=True)
    positions = tower.positions((6, 8))
    torch.testing.assert_close(positions[1:], expected.flatten(2)[0].T)
    torch.testing.assert_close(positions[0], own[0])


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_it_takes_any_size_in_half_precision(tower_and_clip, dtype):
    """torch has no such interpolation in half precision on a CPU."""
    tower, _ = tower_and_clip
    positions = tower.positions((6, 8))
    half = tower.to(dtype).positions((6, 8))
    assert half.dtype == dtype
    torch.testing.assert_close(half.float(), positions, rtol=1e-2, atol=1e-2)
    patches, grid = tower(torch.randn(1, 3, 96, 128, dtype=dtype))
    assert (patches.dtype, grid) == (dtype, (6, 8))


def test_an_export_takes_any_batch_and_size(tower_and_clip):
    tower, _ = tower_and_clip
    side = 64  # its own positions, where an eager call does not interpolate
    batch, h, w = (torch.export.Dim(name, min=1, max=32) for name in 'bhw')
    program = torch.export.export(
        tower,
        (torch.randn(2, 3, side, side),),
        dynamic_shapes=dict(images={0: batch, 2: 16 * h, 3: 16 * w}),
    ).module()
    for shape in ((2, 3, side, side), (3, 3, 64, 64), (4, 3, 96, 128)):
        images = torch.randn(shape)
        (patches, grid), (expected, own) = program(images), tower(images)
        torch.testing.assert_close(patches, expected)
        assert grid == own


@pytest.mark.parametrize('width', [16, 24])  # a joint map of q, k and v, or three
def test_a_patch_alone_in_cocas_attention_pool(width):
    pool = dict(attentional_pool=True, attn_pooler_heads=2, attn_pooler_queries=3)
    visual = VisionTransformer(width=width, output_dim=16, **SIZES, **pool).eval()
    for parameter in visual.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    own_pool, seen = visual.attn_pool, []
    tower = ViTTower(visual).eval()
    visual.transformer.register_forward_hook(lambda _m, _i, out: seen.append(out))
    patches, _ = tower(torch.randn(2, 3, 32, 32))
    alone = own_pool(seen[0][1:, 3:4])[:, 0]  # of picture 1 the patch 2
    expected = visual.ln_post(alone) @ visual.proj
    torch.testing.assert_close(patches[1, 2:3], expected)
    patches.square().sum().backward()
    assert all(p.grad is not None for p in tower.parameters())
    assert 'attn_pool' not in visual._modules


def test_two_attention_pools_are_refused():
    visual = VisionTransformer(width=16, attentional_pool='cascade', **SIZES)
    with pytest.raises(ValueError, match=r'two attentional pools \(cascade\)'):
        ViTTower(visual)
