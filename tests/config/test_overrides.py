import re

import pytest
from mmengine.config import Config

from mvlr_mm.config.overrides import merge_overrides
from mvlr_stack.overrides import Word


@pytest.fixture
def cfg():
    return Config(
        dict(
            model=dict(neck=dict(type='A', template='This {}.', sizes=(1, 2)), n=None),
            custom_hooks=[dict(type='X'), dict(type='Y', names=['a'])],
            optim_wrapper=dict(
                paramwise_cfg=dict(custom_keys={'backbone.tower': dict(lr_mult=0.1)})
            ),
            train_cfg=dict(max_epochs=2),
            auto_scale_lr=dict(base_batch_size=32),
            default_hooks=dict(checkpoint=dict(type='CheckpointHook')),
        )
    )


def merge(cfg, word):
    key, _, value = word.partition('=')
    merge_overrides(cfg, {key: Word(value)})
    return cfg


def test_a_value_is_read_by_what_the_config_has(cfg):
    merge(cfg, 'model.neck.template={} (a, b)')
    merge(cfg, 'model.neck.sizes=3,4')
    merge(cfg, 'custom_hooks.1.names=b,c')
    merge(cfg, 'custom_hooks.0.x=[b,c]')
    assert cfg.model.neck == dict(type='A', template='{} (a, b)', sizes=(3, 4))
    assert cfg.custom_hooks == [
        dict(type='X', x=['b', 'c']),
        dict(type='Y', names=['b', 'c']),
    ]


def test_a_value_of_python_is_taken_as_it_is(cfg):
    merge_overrides(cfg, {'work_dir': '2024', 'model.neck.template': 'None'})
    assert (cfg.work_dir, cfg.model.neck.template) == ('2024', 'None')


def test_a_dict_is_merged_and_a_part_of_it_overridden(cfg):
    merge(cfg, "model.neck={'_delete_': True, 'type': 'B', 'x': {'y': 1}}")
    merge(cfg, 'model.neck.x.y=2')
    merge(cfg, "train_cfg={'val_interval': 5}")
    assert cfg.model.neck == dict(type='B', x=dict(y=2))
    assert cfg.train_cfg == dict(max_epochs=2, val_interval=5)
    assert merge(cfg, 'model.neck=None').model.neck is None


def test_what_is_given_stays_as_it_is(cfg):
    given = {'model.neck': dict(_delete_=True, type='B', x=dict(_delete_=True, y=1))}
    merge_overrides(cfg, given)
    assert given == {
        'model.neck': dict(_delete_=True, type='B', x=dict(_delete_=True, y=1))
    }


def test_names_of_parameters_hold_dots(cfg):
    start = 'optim_wrapper.paramwise_cfg.custom_keys'
    merge(cfg, f'{start}.backbone.tower.lr_mult=0.2')
    merge(cfg, f'{start}.neck.prompt.decay_mult=0')
    expected = {'backbone.tower': {'lr_mult': 0.2}, 'neck.prompt': {'decay_mult': 0}}
    assert cfg.optim_wrapper.paramwise_cfg.custom_keys == expected


def test_settings_that_a_config_need_not_have(cfg):
    for word in ('work_dir=a b', 'auto_scale_lr.enable=True', 'load_from=/x,y.pth'):
        merge(cfg, word)
    merge(cfg, 'env_cfg.dist_cfg.backend=gloo')
    merge(cfg, 'default_hooks.checkpoint.max_keep_ckpts=3')
    merge(cfg, 'default_hooks.checkpoint.save_optimizer=False')
    assert (cfg.work_dir, cfg.load_from) == ('a b', '/x,y.pth')
    assert cfg.auto_scale_lr == dict(base_batch_size=32, enable=True)


@pytest.mark.parametrize(
    ('word', 'message'),
    [
        (
            'optim_wraper.optimizer.lr=1',
            'override of optim_wraper.optimizer.lr: a config has no setting '
            'optim_wraper; nearest: optim_wrapper',
        ),
        ('custom_hooks.2.x=1', 'custom_hooks is a list of 2, which has no 2; count'),
        ('custom_hooks.a.x=1', 'custom_hooks is a list of 2, which has no a; count'),
        ('train_cfg.max_epochs.x=1', 'train_cfg.max_epochs is 2, which has no x;'),
        ('model.neck.sizes.0=1', 'model.neck.sizes is (1, 2), which has no 0;'),
        ('model.neck.template.a=1', "model.neck.template is 'This {}.', which has"),
        ('auto_scale_lr.enabled=True', 'auto_scale_lr has no setting enabled; near'),
        ("auto_scale_lr={'enabled': True}", 'auto_scale_lr has no setting enabled'),
        ('env_cfg.mp_cfg.start=fork', 'env_cfg.mp_cfg has no setting start'),
        ('default_hooks.checkpoint.intervall=1', 'no setting intervall; nearest: inte'),
        (
            'optim_wrapper.paramwise_cfg.custom_keys.neck.prompt.lr=1',
            'optim_wrapper.paramwise_cfg.custom_keys.neck.prompt has no setting lr',
        ),
        ('model.n=[a', "override of model.n: '[a' begins like a list"),
        ("custom_hooks={'a': 1}", 'override of custom_hooks: '),
    ],
)
def test_what_would_change_nothing_is_refused(cfg, word, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        merge(cfg, word)
