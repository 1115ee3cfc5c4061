import pytest
import timm
import torch
from open_clip.timm_model import TimmModel

from mvlr_mm.models.backbones.towers import TimmTower, make_tower
from mvlr_mm.models.clip import load_visual

CONVNEXT = dict(depths=(1, 1, 1, 1), dims=(4, 8, 8, 16))
VIT = dict(embed_dim=16, depth=1, num_heads=2)


@pytest.fixture
def make(monkeypatch):
    """Return a tower, and open_clip's own with the same random weights."""
    create = timm.create_model

    def make(name, small, pool, proj, **kwargs):
        monkeypatch.setattr(
            timm, 'create_model', lambda *args, **kw: create(*args, **kw, **small)
        )
        tower, visual = (TimmModel(name, 16, 64, pool, proj) for _ in range(2))
        for parameter in visual.parameters():
            parameter.data += 0.1 * torch.randn_like(parameter)
        tower.load_state_dict(visual.state_dict())
        return TimmTower(tower, **kwargs).eval(), visual.eval()

    return make


def test_cnn_averages_to_open_clip(tiny_clip, reference_clip, images):
    files = tiny_clip('timm')
    patches, grid = make_tower(load_visual(**files)).eval()(images)
    assert grid == (2, 2)
    expected = reference_clip(files).encode_image(images)
    torch.testing.assert_close(patches.mean(1), expected)


@pytest.mark.parametrize('kind', ['timm', 'resnet', 'vit'])
def test_no_pictures_have_a_grid(tiny_clip, images, kind):
    tower = make_tower(load_visual(**tiny_clip(kind))).eval()
    patches, grid = tower(images[:0])
    assert patches.shape == (0, grid[0] * grid[1], 16)
    assert grid == tower(images)[1]


@pytest.mark.parametrize('proj', ['linear', 'mlp'])
def test_convnexts_norm_acts_on_every_patch(make, images, proj):
    tower, visual = make('convnext_tiny', CONVNEXT, '', proj)
    patches, grid = tower(images)
    assert grid == (2, 2)
    features = visual.trunk.forward_features(images)
    expected = visual.head(visual.trunk.forward_head(features[1:, :, :1, 1:]))
    torch.testing.assert_close(patches[1, 1:2], expected)


@pytest.mark.parametrize('pool', ['abs_attn', 'rot_attn'])
def test_cnn_behind_open_clips_attention_pool(make, images, pool):
    small = dict(channels=(8, 8, 16, 64), stem_width=8)
    tower, visual = make('resnet18', small, pool, '')
    patches, grid = tower(images)
    assert (patches.shape, grid) == ((2, 4, 16), (2, 2))
    feature = visual.trunk.forward_features(images)[1, :, 0, 1]
    # of one patch alone the pool's softmax leaves what its values and output make
    qkv, proj = visual.head.pool.qkv, visual.head.pool.proj
    value = qkv.weight[-64:] @ feature + qkv.bias[-64:]
    torch.testing.assert_close(patches[1, 1], proj.weight @ value + proj.bias)


@pytest.mark.parametrize(
    ('pool', 'proj'), [('token', None), ('map', 'none'), ('map', None), ('avg', None)]
)
def test_vit_with_the_head_of_its_trunk(make, images, pool, proj):
    tower, visual = make('vit_tiny_patch16_224', VIT, pool, proj, img_size=64)
    visual.trunk.set_input_size(img_size=64)
    patches, grid = tower(images)
    assert grid == (4, 4)
    assert patches.shape == (2, 16, tower.embed_dim) == (2, 16, 16)
    features = visual.trunk.forward_features(images)
    torch.testing.assert_close(
        visual.head(visual.trunk.forward_head(features)), visual(images)
    )
    patch = features[1:, 1 + 5].unsqueeze(1)  # behind the class token
    alone = patch.expand(-1, 2, -1)  # in the class token's place, too
    expected = visual.head(visual.trunk.forward_head(alone))
    torch.testing.assert_close(patches[1, 5:6], expected)


@pytest.mark.parametrize(
    ('pool', 'proj'), [('token', None), ('map', 'none'), ('map', None), ('avg', 'mlp')]
)
def test_no_parameter_is_left_that_does_not_learn(make, images, pool, proj):
    tower, _ = make('vit_tiny_patch16_224', VIT, pool, proj, img_size=64)
    tower(images)[0].square().sum().backward()
    idle = [name for name, p in tower.named_parameters() if p.grad is None]
    assert not idle


def test_channels_last_maps_keep_their_places(make, images):
    small = dict(depths=(1, 1), embed_dim=8, num_heads=(1, 1), img_size=64)
    name = 'swin_tiny_patch4_window7_224'
    tower, visual = make(name, small, 'avg', 'linear')
    patches, grid = tower(images)
    assert grid == (8, 8)
    features = visual.trunk.forward_features(images)  # (B, 8, 8, C)
    expected = visual.head(features[1, 3, 5])
    torch.testing.assert_close(patches[1, 3 * 8 + 5], expected)


def test_a_stem_of_convolutions_has_the_grid_of_its_patches(make):
    small = dict(depth=1, img_size=64)
    tower, _ = make('vit_base_mci_224', small, 'token', None)
    patches, grid = tower(torch.randn(1, 3, 64, 64))
    assert grid == (4, 4)
    assert patches.shape == (1, 16, 16)


def test_pictures_of_another_size_are_named_and_img_size_takes_them(make):
    images = torch.randn(1, 3, 64, 32)
    tower, _ = make('vit_tiny_patch16_224', VIT, 'token', None, img_size=(64, 32))
    assert tower(images)[1] == (4, 2)
    tower, _ = make('vit_tiny_patch16_224', VIT, 'token', None)
    with pytest.raises(
        ValueError, match=r'64 x 32 .* for 224 x 224: set img_size=\(64, 32\)'
    ):
        tower(images)
    tower, _ = make('convnext_tiny', CONVNEXT, '', 'linear')
    assert tower(images)[1] == (2, 1)


def test_the_first_stage_has_class_token_and_positions(make):
    tower, _ = make('vit_tiny_patch16_224', VIT, 'token', None)
    first = tower.stages()[0]
    assert any(p is tower.trunk.cls_token for p in first)
    assert any(p is tower.trunk.pos_embed for p in first)
    assert any(m is tower.trunk.patch_embed for m in first)


def test_a_head_that_open_clip_cannot_run_is_named():
    visual = TimmModel('mobilenetv3_small_050', 16, 64, 'avg', 'linear')
    with pytest.raises(
        ValueError, match=r'MobileNetV3 gives 1024 .* takes 288.*timm_model_name'
    ):
        TimmTower(visual)


def test_patches_without_a_grid_are_named(make, images):
    tower, _ = make('vit_tiny_patch16_224', VIT, 'token', None, img_size=64)
    tower.num_prefix_tokens = 2
    with pytest.raises(ValueError, match=r'15 patches of VisionTransformer have no'):
        tower(images)


def test_files_that_hold_the_norm_twice_are_loaded(make):
    tower, _ = make('convnext_tiny', CONVNEXT, '', 'linear')
    state = tower.state_dict()
    state['norm.weight'] = state['trunk.head.norm.weight']
    state['norm.bias'] = state['trunk.head.norm.bias']
    tower.load_state_dict(state)
