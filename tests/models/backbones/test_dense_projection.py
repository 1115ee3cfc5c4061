import pytest
import torch
from mmpretrain.registry import MODELS
from torch import nn

from mvlr_mm.models.backbones import DenseProjection
from mvlr_mm.structures import VLFeatures

IMAGES = torch.rand(2, 3, 64, 96, generator=torch.Generator().manual_seed(0))


def backbone(**cfg):
    model = MODELS.build(cfg)
    model.eval()  # mmpretrain's eval() returns None
    return model


@torch.no_grad()
def run(model, in_channels, images=IMAGES, **kwargs):
    neck = DenseProjection(in_channels, 8, **kwargs)
    return neck, neck(model(images))


def check_every_patch(neck, feats, columns):
    """``columns`` maps a place (b, h, w) to the backbone's vector there."""
    assert isinstance(feats, VLFeatures)
    height, width = feats.grid
    for b in range(len(feats.visual)):
        for h in range(height):
            for w in range(width):
                expected = neck.proj.weight @ columns(b, h, w) + neck.proj.bias
                torch.testing.assert_close(feats.visual[b, h * width + w], expected)


def test_mmpretrain_resnet():
    model = backbone(type='ResNet', depth=18)
    neck, feats = run(model, 512)
    assert feats.grid == (2, 3)
    last = model(IMAGES)[-1]
    check_every_patch(neck, feats, lambda b, h, w: last[b, :, h, w])


def test_mmpretrain_vision_transformer_featmap():
    vit = dict(
        type='VisionTransformer',
        arch=dict(embed_dims=16, num_layers=1, num_heads=2, feedforward_channels=16),
        img_size=(64, 96),
    )
    _, feats = run(backbone(**vit, out_type='featmap'), 16)
    assert feats.visual.shape == (2, 24, 8)
    assert feats.grid == (4, 6)


def test_tokens_behind_a_class_token_equal_the_map():
    vit = dict(
        type='VisionTransformer',
        arch=dict(embed_dims=16, num_layers=1, num_heads=2, feedforward_channels=16),
        img_size=64,
    )
    images = IMAGES[..., :64]
    tokens = backbone(**vit, out_type='raw')
    maps = backbone(**vit, out_type='featmap')
    maps.load_state_dict(tokens.state_dict())
    neck = DenseProjection(16, 8, prefix_tokens=1)
    assert tokens(images)[0].shape == (2, 17, 16)
    torch.testing.assert_close(neck(tokens(images)), neck(maps(images)))


@pytest.mark.parametrize('features_only', [True, False])
def test_timm_resnet(features_only):
    pytest.importorskip('timm', reason='timm is not installed')
    model = backbone(
        type='TIMMBackbone', model_name='resnet18', features_only=features_only
    )
    neck, feats = run(model, 512)
    last = model(IMAGES)[-1]
    assert feats.grid == (2, 3)
    check_every_patch(neck, feats, lambda b, h, w: last[b, :, h, w])


def test_timm_transformer():
    pytest.importorskip('timm', reason='timm is not installed')
    model = backbone(
        type='TIMMBackbone',
        model_name='vit_tiny_patch16_224',
        img_size=(64, 96),
        depth=1,
        features_only=True,
        out_indices=[-1],
    )
    _, feats = run(model, 192)
    assert feats.grid == (4, 6)
    assert feats.visual.shape == (2, 24, 8)


def test_map_with_channels_last():
    last = torch.rand(2, 3, 5, 7)
    neck = DenseProjection(7, 8)
    feats = neck([torch.rand(2, 6, 10, 3), last])
    assert feats.grid == (3, 5)
    check_every_patch(neck, feats, lambda b, h, w: last[b, h, w])


class PyramidBackbone(nn.Module):
    """Returns what mmdet's backbones return: a tuple, one map per stage."""

    def forward(self, x):
        return x[:, :, ::8, ::8], x[:, :, ::16, ::16], x[:, :, ::32, ::32]


def test_mmdet_like_pyramid_gives_its_last_map():
    neck, feats = run(PyramidBackbone(), 3)
    assert feats.grid == (2, 3)
    last = IMAGES[:, :, ::32, ::32]
    check_every_patch(neck, feats, lambda b, h, w: last[b, :, h, w])


def test_gradient_reaches_the_map():
    maps = torch.rand(2, 4, 3, 3, requires_grad=True)
    neck = DenseProjection(4, 2)
    neck(maps).visual.sum().backward()
    expected = neck.proj.weight.sum(0)[None, :, None, None].expand_as(maps)
    torch.testing.assert_close(maps.grad, expected)
    torch.testing.assert_close(neck.proj.bias.grad, torch.full((2,), 18.0))


def test_wrong_channels_say_what_came_and_what_was_set():
    with pytest.raises(
        ValueError, match=r'in_channels=7.*\(2, 4, 3, 5\): set in_channels=4'
    ):
        DenseProjection(7, 2)(torch.rand(2, 4, 3, 5))
    with pytest.raises(ValueError, match=r'in_channels=7.*set in_channels=4'):
        DenseProjection(7, 2)(torch.rand(2, 9, 4))


def test_pooled_output_says_how_to_get_the_map():
    with pytest.raises(ValueError, match=r"\(2, 4\), which has no places.*'featmap'"):
        DenseProjection(4, 2)((torch.rand(2, 4),))


def test_tokens_that_fill_no_square():
    with pytest.raises(ValueError, match=r'17 tokens less prefix_tokens=0.*square'):
        DenseProjection(4, 2)(torch.rand(2, 17, 4))


@pytest.mark.parametrize(
    ('outputs', 'words'),
    [({'p5': 1}, 'a dict'), ((), 'ends with nothing'), ([None], 'ends with NoneType')],
)
def test_other_things_are_named(outputs, words):
    with pytest.raises(TypeError, match=words):
        DenseProjection(4, 2)(outputs)


def test_it_knows_whether_its_weights_are_still_random():
    neck = DenseProjection(4, 8)
    other = DenseProjection(4, 8)
    other.load_state_dict(neck.state_dict())
    neck.requires_grad_(False)
    neck.double().eval()  # as a move to a GPU, other memory
    assert neck.is_as_drawn()
    assert not other.is_as_drawn()
    assert not DenseProjection(4).is_as_drawn()  # has none
