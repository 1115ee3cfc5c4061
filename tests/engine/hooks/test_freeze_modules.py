from types import SimpleNamespace

import pytest
import torch
from mmengine.model import convert_sync_batchnorm
from mmengine.optim import OptimWrapper
from mmpretrain.registry import HOOKS
from torch import nn

from mvlr_mm.engine import TrainedWeightsEMA
from mvlr_mm.engine.hooks import freeze_modules
from mvlr_mm.models.backbones import DenseProjection


def model():
    trunk = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4))
    return nn.ModuleDict(dict(backbone=trunk, head=nn.Conv2d(4, 2, 1)))


def test_named_parts_stay_as_they_are():
    net = model()
    runner = SimpleNamespace(model=net)
    hook = HOOKS.build(dict(type='FreezeModules', names=['backbone']))
    hook.before_train(runner)
    before = {k: v.clone() for k, v in net.state_dict().items()}
    optimizer = torch.optim.SGD(net.parameters(), lr=1.0)
    for _ in range(2):
        net.train()
        hook.before_train_iter(runner, 0)
        net['head'](net['backbone'](torch.randn(2, 3, 4, 4))).sum().backward()
        optimizer.step()
    changed = {k for k, v in net.state_dict().items() if not v.equal(before[k])}
    assert changed == {'head.weight', 'head.bias'}
    assert net['head'].training


def test_unknown_part_is_named():
    hook = HOOKS.build(dict(type='FreezeModules', names=['bakbone']))
    with pytest.raises(ValueError, match=r"no module 'bakbone'.*'backbone'"):
        hook.before_train(SimpleNamespace(model=model()))


def test_norms_that_become_synchronised_stay_as_they_are(monkeypatch):
    net = model()
    wrapper = SimpleNamespace(module=net)
    hook = HOOKS.build(dict(type='FreezeModules', names=['backbone.1']))
    monkeypatch.setattr(freeze_modules, 'is_model_wrapper', lambda m: m is wrapper)

    def wrap_model(settings, inner):
        wrapper.module = convert_sync_batchnorm(inner, 'torch')
        return wrapper

    runner = SimpleNamespace(model=wrapper, cfg={}, wrap_model=wrap_model)
    hook.before_train(runner)
    wrapper.module.train()
    hook.before_train_iter(runner, 0)
    norm = wrapper.module['backbone'][1]
    assert isinstance(norm, nn.SyncBatchNorm)
    assert not norm.training
    assert not norm.weight.requires_grad
    assert wrapper.module['backbone'].training


def test_an_average_that_is_made_before_the_training_shares_what_is_frozen():
    net = model()
    hook = HOOKS.build(dict(type='FreezeModules', names=['backbone']))
    optimizer = torch.optim.SGD(net.parameters(), lr=1.0)
    runner = SimpleNamespace(model=net, optim_wrapper=OptimWrapper(optimizer))
    hook.before_run(runner)
    average = TrainedWeightsEMA(net)
    assert average.module['backbone'][0].weight is net['backbone'][0].weight
    assert average.module['head'].weight is not net['head'].weight
    untrained = SimpleNamespace(model=model(), optim_wrapper=None)  # of a test
    hook.before_run(untrained)
    assert untrained.model['backbone'][0].weight.requires_grad


@pytest.mark.parametrize('held', ['random', 'loaded', 'none'])
def test_a_random_projection_that_is_held_is_told(monkeypatch, held):
    told = []
    monkeypatch.setattr(freeze_modules, 'print_log', lambda text, *_: told.append(text))
    net = nn.ModuleDict(dict(trunk=nn.Conv2d(3, 4, 1), dense=DenseProjection(4, 2)))
    if held == 'loaded':
        net.load_state_dict(net.state_dict())
    names = ['trunk'] if held == 'none' else ['trunk', 'dense']
    freeze_modules.FreezeModules(names).before_train(SimpleNamespace(model=net))
    if held == 'random':
        assert len(told) == 1
        assert 'holds dense.proj, whose weights are random' in told[0]
    else:
        assert told == []
