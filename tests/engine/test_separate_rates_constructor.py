import logging

import pytest
import torch
from mmengine.logging import MMLogger
from mmengine.optim import build_optim_wrapper
from mmpretrain.registry import OPTIM_WRAPPER_CONSTRUCTORS
from torch import nn

from mvlr_mm.engine import SeparateRatesConstructor

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
    wrapper = build(model, constructor='SeparateRatesConstructor')
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
    names = 'SeparateRatesConstructor', 'DefaultOptimWrapperConstructor'
    for model, name in zip(models, names, strict=True):
        wrapper = build(model, constructor=name)
        for seed in range(3):
            inputs = torch.randn(5, 4, generator=torch.Generator().manual_seed(seed))
            wrapper.update_params(model(inputs).pow(2).mean())
    start = make().state_dict()
    for name, value in models[0].state_dict().items():
        # fused sums are rounded otherwise
        torch.testing.assert_close(value, models[1].state_dict()[name])
        assert torch.equal(value, start[name]) == name.startswith('3.')


@pytest.mark.parametrize(
    'kind', ['AdamW', 'Adam', 'SGD', torch.optim.AdamW, 'torch.optim.adamw.AdamW']
)
def test_the_optimizer_is_fused_where_nothing_else_is_said(kind):
    def fused(**settings):
        wrapper = build_optim_wrapper(
            make(),
            dict(
                constructor='SeparateRatesConstructor',
                optimizer=dict(type=kind, lr=1e-3, **settings),
            ),
        )
        return wrapper.optimizer.defaults['fused']

    assert fused()
    assert not fused(fused=False)
    assert not fused(foreach=True)


def test_other_optimizers_are_left_as_they_are():
    config = dict(
        constructor='SeparateRatesConstructor',
        optimizer=dict(type='RMSprop', lr=1e-3),
    )
    assert build_optim_wrapper(make(), config).optimizer.defaults['lr'] == 1e-3


def test_a_key_with_a_rate_alone_leaves_the_decay_to_the_other_rules():
    model = make()
    keys = {'0': dict(lr_mult=0.5), '0.1': dict(lr_mult=0.1), '2': dict(decay_mult=0.5)}
    wrapper = build_optim_wrapper(
        model,
        dict(
            constructor='SeparateRatesConstructor',
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


@pytest.mark.parametrize(
    ('keys', 'expected'),
    [
        # a longer key with a rate and a decay against a shorter with a rate alone
        ({'0': dict(lr_mult=0.1), '0.0': dict(lr_mult=1.0, decay_mult=0.0)}, (1.0, 0)),
        # the other way round
        ({'0': dict(lr_mult=0.1, decay_mult=0.0), '0.0': dict(lr_mult=0.5)}, (0.5, 0)),
        # a longer key that says nothing of the rate leaves it
        ({'0': dict(lr_mult=0.1), '0.0': dict(decay_mult=0.5)}, (0.1, 0.1)),
        # a rate by itself, in the optimizer's own words
        ({'0': dict(lr_mult=0.1), '0.0': dict(lr=0.7)}, (0.7, 0.2)),
        ({'0': dict(lr=0.7), '0.0': dict(lr_mult=0.1)}, (0.1, 0.2)),
        # of two of one length the first in the alphabet, as in mmengine
        ({'weight': dict(lr_mult=0.1), '.weigh': dict(lr_mult=0.3)}, (0.3, 0.2)),
    ],
)
def test_the_longest_key_that_says_something_decides_about_it(keys, expected):
    model = make()
    wrapper = build_optim_wrapper(
        model,
        dict(
            constructor='SeparateRatesConstructor',
            optimizer=dict(type='AdamW', lr=1.0, weight_decay=0.2),
            paramwise_cfg=dict(custom_keys=keys),
        ),
    )
    assert settings(model, wrapper)['0.0.weight'] == pytest.approx(expected)


def test_a_rate_of_a_part_multiplies_that_of_its_biases():
    model = make()
    keys = {'0': dict(lr_mult=0.1)}
    wrapper = build_optim_wrapper(
        model,
        dict(
            constructor='SeparateRatesConstructor',
            optimizer=dict(type='AdamW', lr=1.0, weight_decay=0.2),
            paramwise_cfg=dict(bias_lr_mult=2.0, custom_keys=keys),
        ),
    )
    found = settings(model, wrapper)
    assert found['0.0.bias'][0] == pytest.approx(0.2)
    assert found['4.bias'][0] == pytest.approx(2.0)


def test_older_configs_name_it_otherwise():
    found = OPTIM_WRAPPER_CONSTRUCTORS.get('MergedGroupsConstructor')
    assert found is SeparateRatesConstructor


def test_the_log_has_the_rates_that_are_set(monkeypatch):
    texts = []
    logger, handler = MMLogger.get_current_instance(), logging.Handler()
    monkeypatch.setattr(handler, 'emit', lambda r: texts.append(r.getMessage()))
    logger.addHandler(handler)
    keys = {'0': dict(lr_mult=0.5), '0.1': dict(decay_mult=0.0), '2': dict(lr=0.3)}
    build_optim_wrapper(
        make(),
        dict(
            constructor='SeparateRatesConstructor',
            optimizer=dict(type='SGD', lr=1.0, weight_decay=0.2),
            paramwise_cfg=dict(bias_lr_mult=2.0, custom_keys=keys),
        ),
    )
    logger.removeHandler(handler)
    told = [text.split(' -- ')[1] for text in texts if ':lr=' in text]
    assert told == [
        '0.0.weight:lr=0.5',
        '0.0.bias:lr=1.0',
        '0.1.weight:lr=0.5',
        '0.1.bias:lr=0.5',
        '2.weight:lr=0.3',
        '2.bias:lr=0.3',
        '4.bias:lr=2.0',
    ]


@pytest.mark.parametrize('name', ['lr', 'weight_decay'])
@pytest.mark.parametrize('value', ['abc', '0,001', -1.0, None])
def test_a_rate_that_is_no_number_is_named(name, value):
    with pytest.raises(ValueError, match=rf'optimizer\.{name} \({value!r}\) must be a'):
        SeparateRatesConstructor(
            dict(optimizer={**dict(type='SGD', lr=0.1), name: value})
        )
