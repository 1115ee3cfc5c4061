import torch

from mvlr_mm.models.backbones.towers import make_tower
from mvlr_mm.models.clip import load_visual


def test_with_the_pool_put_back_it_is_open_clip(tiny_clip, reference_clip, images):
    tower, clip = make_tower(load_visual(**tiny_clip())), reference_clip(tiny_clip())
    tower.eval()
    seen = []
    tower.trunk.layer4.register_forward_hook(lambda _m, _i, out: seen.append(out))
    tower(images)
    torch.testing.assert_close(clip.visual.attnpool(seen[0]), clip.encode_image(images))


def test_a_patch_is_what_the_pool_makes_of_it_alone(tiny_clip, reference_clip, images):
    tower, clip = make_tower(load_visual(**tiny_clip())), reference_clip(tiny_clip())
    tower.eval()
    patches, grid = tower(images)
    assert grid == (2, 2)
    assert patches.shape == (2, 4, 16)
    pool, layer4 = clip.visual.attnpool, []
    clip.visual.layer4.register_forward_hook(lambda _m, _i, out: layer4.append(out))
    clip.encode_image(images)
    patch = layer4[0][1, :, 0, 1]  # image 1, row 0, column 1
    expected = pool.c_proj(pool.v_proj(patch))
    torch.testing.assert_close(patches[1, 1], expected, atol=1e-5, rtol=1e-4)
