import torch
from mmengine.optim import build_optim_wrapper
from torch import nn

from mvlr_mm.engine.merged_groups_constructor import merge_groups

PARAMWISE = dict(
    norm_decay_mult=0.0,
    bias_decay_mult=0.0,
    custom_keys={'2': dict(lr_mult=0.1, decay_mult=0.5)},
)


def make():
    torch.manual_seed(0)
    frozen = nn.Linear(4, 4).requires_grad_(False)
    parts = nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4)), nn.ReLU(), nn.Linear(4, 4)
    return nn.Sequential(*parts, frozen, nn.Linear(4, 1))


def build(model, **cfg):
    optimizer = dict(type='AdamW', lr=0.1, weight_decay=0.2)
    return build_optim_wrapper(
        model, dict(optimizer=optimizer, paramwise_cfg=PARAMWISE, **cfg)
    )


def settings(model, wrapper):
    """Return learning rate and weight decay of every parameter that trains."""
    names = {parameter: name for name, parameter in model.named_parameters()}
    return {
        names[parameter]: (group['lr'], group['weight_decay'])
        for group in wrapper.optimizer.param_groups
        for parameter in group['params']
    }


def test_as_many_groups_as_kinds_of_settings():
    model = make()
    wrapper = build(model, constructor='MergedGroupsConstructor')
    # weights; norms and biases; the part with its own settings
    assert [len(group['params']) for group in wrapper.optimizer.param_groups] == [
        2,
        4,
        2,
    ]
    plain = build(model)
    assert len(plain.optimizer.param_groups) == 8
    assert settings(model, wrapper) == settings(model, plain)


def test_training_is_the_same():
    models = make(), make()
    names = 'MergedGroupsConstructor', 'DefaultOptimWrapperConstructor'
    for model, name in zip(models, names, strict=True):
        wrapper = build(model, constructor=name)
        for seed in range(3):
            inputs = torch.randn(5, 4, generator=torch.Generator().manual_seed(seed))
            wrapper.update_params(model(inputs).pow(2).mean())
    start = make().state_dict()
    for name, value in models[0].state_dict().items():
        assert torch.equal(value, models[1].state_dict()[name])
        assert torch.equal(value, start[name]) == name.startswith('3.')


def test_groups_with_other_keys_stay_apart():
    a, b, c, d = (nn.Parameter(torch.zeros(1)) for _ in range(4))
    merged = merge_groups(
        [
            dict(params=[a], lr=1.0),
            dict(params=[b], lr=1.0, weight_decay=0.0),
            dict(params=[c]),
            dict(params=[d], lr=1.0),
        ]
    )
    assert [group['params'] for group in merged] == [[a, d], [b], [c]]
    assert [set(group) for group in merged] == [
        {'params', 'lr'},
        {'params', 'lr', 'weight_decay'},
        {'params'},
    ]


def test_a_key_with_a_rate_alone_leaves_the_decay_to_the_other_rules():
    model = make()
    keys = {'0': dict(lr_mult=0.5), '0.1': dict(lr_mult=0.1), '2': dict(decay_mult=0.5)}
    wrapper = build_optim_wrapper(
        model,
        dict(
            constructor='MergedGroupsConstructor',
            optimizer=dict(type='AdamW', lr=1.0, weight_decay=0.2),
            paramwise_cfg=dict(
                norm_decay_mult=0.0, bias_decay_mult=0.0, custom_keys=keys
            ),
        ),
    )
    assert settings(model, wrapper) == {
        '0.0.weight': (0.5, 0.2),
        '0.0.bias': (0.5, 0.0),
        '0.1.weight': (0.1, 0.0),  # the longest key that fits
        '0.1.bias': (0.1, 0.0),
        '2.weight': (1.0, 0.1),
        '2.bias': (1.0, 0.1),  # mmengine's rule for a key with a decay
        '4.weight': (1.0, 0.2),
        '4.bias': (1.0, 0.0),
    }
