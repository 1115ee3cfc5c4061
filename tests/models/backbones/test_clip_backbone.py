import pytest
import torch
from mmengine.model import convert_sync_batchnorm
from mmengine.optim import build_optim_wrapper
from mmpretrain.registry import MODELS
from torch import nn


def build(files, **kwargs):
    return MODELS.build(dict(type='CLIPBackbone', **files, **kwargs))


@pytest.mark.parametrize('kind', ['resnet', 'vit', 'timm'])
def test_gives_patches_and_their_grid(tiny_clip, kind):
    feats = build(tiny_clip(kind))(torch.randn(2, 3, 64, 96))
    h, w = feats.grid
    assert h / w == pytest.approx(64 / 96)
    assert feats.visual.shape == (2, h * w, 16)
    assert feats.labels is None


@pytest.mark.parametrize(('kind', 'stages'), [('resnet', 5), ('vit', 3), ('timm', 11)])
def test_frozen_stages_do_not_train_and_the_rest_does(tiny_clip, kind, stages):
    backbone = build(tiny_clip(kind), frozen_stages=2).train()
    backbone(torch.randn(2, 3, 64, 64)).visual.square().sum().backward()
    trained = {n for n, p in backbone.named_parameters() if p.grad is not None}
    frozen = {n for n, p in backbone.named_parameters() if not p.requires_grad}
    assert trained
    assert frozen
    assert not trained & frozen
    with pytest.raises(ValueError, match=rf'frozen_stages \(99\).* {stages}, the numb'):
        build(tiny_clip(kind), frozen_stages=99)


def test_frozen_trunk_leaves_the_projection(tiny_clip):
    backbone = build(tiny_clip(), frozen_stages=-1)
    free = [n for n, p in backbone.named_parameters() if p.requires_grad]
    assert free == ['tower.proj.weight', 'tower.proj.bias']


def test_batch_norm_keeps_its_statistics_unless_asked(tiny_clip):
    images = torch.randn(4, 3, 64, 64)
    for norm_eval, same in ((True, True), (False, False)):
        backbone = build(tiny_clip(), norm_eval=norm_eval).train()
        before = backbone.tower.trunk.bn1.running_mean.clone()
        backbone(images)
        after = backbone.tower.trunk.bn1.running_mean
        assert torch.equal(before, after) == same


@pytest.mark.parametrize('kind', ['resnet', 'vit', 'timm', 'timm-vit'])
def test_dropout_takes_features_before_the_projection(tiny_clip, kind):
    images = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    size = 64 if kind == 'timm-vit' else None
    backbone = build(tiny_clip(kind), dropout=1.0, img_size=size)
    proj = getattr(backbone.tower, 'proj', None)
    rest = torch.zeros(16) if getattr(proj, 'bias', None) is None else proj.bias
    patches = backbone.train()(images).visual
    torch.testing.assert_close(patches, rest.expand_as(patches))
    plain = build(tiny_clip(kind), img_size=size).eval()
    plain.load_state_dict(backbone.state_dict())
    torch.testing.assert_close(backbone.eval()(images).visual, plain(images).visual)
    with pytest.raises(ValueError, match=r'dropout \(2\) must be a finite number'):
        build(tiny_clip(kind), dropout=2, img_size=size)


def test_channels_last_changes_nothing_but_the_layout(tiny_clip):
    images = torch.randn(2, 3, 64, 64)
    plain = build(tiny_clip(), channels_last=False).eval()
    fast = build(tiny_clip(), channels_last=True).eval()
    torch.testing.assert_close(fast(images).visual, plain(images).visual)
    weight = fast.tower.trunk.conv2.weight
    assert weight.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize(
    ('kind', 'expected'), [('resnet', True), ('timm', True), ('vit', False)]
)
def test_convolutions_are_channels_last_by_themselves(tiny_clip, kind, expected):
    assert build(tiny_clip(kind)).channels_last == expected


@pytest.mark.parametrize(
    ('kind', 'layers'),
    [
        (
            'vit',
            {
                'class_embedding': 0,
                'conv1.weight': 0,
                'transformer.resblocks.0.ln_1.weight': 1,
                'transformer.resblocks.1.mlp.c_fc.bias': 2,
                'ln_post.weight': 3,
                'proj': 3,
            },
        ),
        (
            'resnet',
            {'conv1.weight': 0, 'bn3.bias': 0, 'layer1.0.conv1.weight': 1}
            | {'layer4.0.conv1.weight': 4},
        ),
    ],
)
def test_a_rate_for_each_layer_falls_from_the_head_to_the_picture(
    tiny_clip, kind, layers
):
    backbone = dict(type='CLIPBackbone', **tiny_clip(kind))
    head = dict(type='VisualClassifierHead', embed_dim=16, num_classes=3)
    model = MODELS.build(dict(type='ImageClassifier', backbone=backbone, head=head))
    settings = dict(
        constructor='LearningRateDecayOptimWrapperConstructor',
        optimizer=dict(type='AdamW', lr=1.0, weight_decay=0.1),
        paramwise_cfg=dict(layer_decay_rate=0.5),
    )
    groups = build_optim_wrapper(model, settings).optimizer.param_groups
    rates = {group['param_name']: group['lr'] for group in groups}
    assert set(rates) == {name for name, _ in model.named_parameters()}
    last = 3 if kind == 'vit' else 5
    for name, layer in layers.items():
        assert rates[f'backbone.tower.trunk.{name}'] == 0.5 ** (last - layer)
    assert rates['head.fc.weight'] == 1
    if kind == 'resnet':  # what is folded from the pool
        assert rates['backbone.tower.proj.weight'] == 1


def test_init_weights_keeps_the_pretrained_weights(tiny_clip):
    backbone = build(tiny_clip('timm'))
    before = {k: v.clone() for k, v in backbone.state_dict().items()}
    backbone.init_weights()
    assert all(torch.equal(v, before[k]) for k, v in backbone.state_dict().items())


def test_norms_that_become_synchronised_stay_frozen(tiny_clip):
    backbone = build(tiny_clip(), frozen_stages=1, norm_eval=False)
    frozen = {n for n, p in backbone.named_parameters() if not p.requires_grad}
    backbone = convert_sync_batchnorm(backbone, 'torch').train()
    assert frozen == {n for n, p in backbone.named_parameters() if not p.requires_grad}
    norms = {
        n: m for n, m in backbone.named_modules() if isinstance(m, nn.SyncBatchNorm)
    }
    still = {n for n, m in norms.items() if not m.training}
    assert still == {n for n in norms if f'{n}.weight' in frozen}
    assert 0 < len(still) < len(norms)
    backbone.norm_eval = True
    backbone.train()
    assert not any(norm.training for norm in norms.values())


def test_a_synchronised_norm_that_lost_its_activation_is_refused(tiny_clip):
    backbone = convert_sync_batchnorm(build(tiny_clip('timm')), 'torch')
    with pytest.raises(ValueError, match=r'sync_bn has replaced tower\.trunk\..*None'):
        backbone.train()
