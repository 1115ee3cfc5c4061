import pytest
import timm
import torch
from timm.layers import AttentionPool2d, AttentionPoolLatent, RotAttentionPool2d
from torch import nn

from mvlr_mm.models.backbones.towers.timm_head import (
    PoolOfOne,
    fold_open_clips_pool,
    take_head,
)

TINY = dict(embed_dim=16, depth=1, num_heads=2, img_size=32)


def shake(module):
    for parameter in module.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    return module.eval()


@pytest.mark.parametrize('out_features', [None, 0])  # 0: neither output map nor MLP
def test_pool_of_one_is_timms_pool_of_one_token(out_features):
    norm = dict(norm_layer=nn.LayerNorm, qk_norm=True)
    pool = AttentionPoolLatent(16, out_features, num_heads=2, **norm)
    shake(pool)
    x = torch.randn(5, 16)
    ours = PoolOfOne(pool)
    torch.testing.assert_close(ours(x), pool(x[:, None]))
    ours(x).sum().backward()
    assert all(p.grad is not None for p in ours.parameters())


@pytest.mark.parametrize('separate', [True, False])
@pytest.mark.parametrize('kind', [AttentionPool2d, RotAttentionPool2d])
def test_open_clips_pool_for_a_patch_alone(kind, separate):
    pool = shake(kind(16, out_features=8, head_dim=8, qkv_separate=separate))
    if kind is AttentionPool2d:  # its positions belong to places, not to a patch
        nn.init.zeros_(pool.pos_embed)
    x = torch.randn(3, 16)
    expected = pool(x[:, :, None, None])
    torch.testing.assert_close(fold_open_clips_pool(pool)(x), expected)


def test_what_is_taken_is_no_longer_in_the_trunk():
    trunk = timm.create_model(
        'vit_tiny_patch16_224', global_pool='map', num_classes=5, **TINY
    )
    classifier, features = trunk.head, torch.randn(3, 1, 16)
    features = features.expand(-1, 2, -1)  # one for the class token's place
    expected = shake(trunk).forward_head(features)
    pool, linear = take_head(trunk)
    assert linear is classifier
    assert not any('attn_pool' in name for name, _ in trunk.named_parameters())
    assert 'attn_pool' not in trunk._modules
    left = trunk.forward_head(features)
    torch.testing.assert_close(linear(pool(left)), expected)


def test_other_pools_and_classifiers_are_refused():
    trunk = timm.create_model('vit_tiny_patch16_224', global_pool='map', **TINY)
    trunk.attn_pool = nn.Linear(16, 16)
    with pytest.raises(ValueError, match=r'attn_pool of VisionTransformer is a Linear'):
        take_head(trunk)
    trunk = timm.create_model('vit_tiny_patch16_224', global_pool='map', **TINY)
    trunk.attn_pool.pos_embed = nn.Parameter(torch.zeros(4, 16))
    with pytest.raises(ValueError, match=r'has positions of its own'):
        take_head(trunk)
    trunk = timm.create_model('vit_tiny_patch16_224', **TINY)
    trunk.head = nn.Conv2d(16, 5, 1)
    with pytest.raises(ValueError, match=r'classifier of VisionTransformer is a Conv'):
        take_head(trunk)
