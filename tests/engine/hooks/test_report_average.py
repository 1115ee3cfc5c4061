from types import SimpleNamespace

import pytest
import torch
from mmengine.hooks import EMAHook
from mmpretrain.registry import HOOKS
from torch import nn

from mvlr_mm.engine.hooks.report_average import shares_kept

HOOK = HOOKS.build(dict(type='ReportAverage'))


def said(max_iters, max_epochs=10, counts=1, begin=None, **ema):
    """Return what the hook logs: (is it a warning, text)."""
    lines = []
    model = nn.Linear(1, 1)
    hook = EMAHook(**{'ema_type': 'TrainedWeightsEMA', **ema}, **(begin or {}))
    runner = SimpleNamespace(
        model=model,
        hooks=[hook],
        max_iters=max_iters,
        max_epochs=max_epochs,
        optim_wrapper=SimpleNamespace(_accumulative_counts=counts),
        logger=SimpleNamespace(
            info=lambda text: lines.append((False, text)),
            warning=lambda text: lines.append((True, text)),
        ),
    )
    hook.before_run(runner)
    HOOK.before_train(runner)
    return lines


@pytest.mark.parametrize(('momentum', 'warmup'), [(0.01, 0), (0.01, 9), (0.3, 9)])
@pytest.mark.parametrize('interval', [1, 4])
def test_the_share_is_what_the_average_does(momentum, warmup, interval):
    iterations = 41
    options = dict(momentum=momentum, warmup=warmup, interval=interval)
    model = nn.Linear(1, 1, bias=False)
    hook = EMAHook('TrainedWeightsEMA', **options)
    hook.before_run(SimpleNamespace(model=model))
    torch.nn.init.ones_(model.weight)
    for _ in range(iterations):  # the first copies: the start has the weight 1
        hook.ema_model.update_parameters(model)
        torch.nn.init.zeros_(model.weight)
    share = hook.ema_model.module.weight.item()
    updates = (iterations - 1) // interval
    assert shares_kept(updates, momentum, warmup)[-1] == pytest.approx(share, rel=1e-5)
    ((warned, text),) = said(iterations, **options)
    assert f'EMA: {100 * share:.1f} % of the average at the end' in text
    assert warned == (share > 0.05)


def test_half_of_a_long_run_comes_from_its_last_steps():
    ((warned, text),) = said(77610, momentum=3e-4)
    assert not warned
    assert 'the last 2311 of 77610 iterations' in text  # log(0.5) / log(0.9997)


def test_mmengines_average_is_reported_and_other_means_are_not():
    ((warned, text),) = said(600, ema_type='ExponentialMovingAverage', momentum=3e-4)
    assert warned
    assert 'EMA: 83.5 %' in text
    assert said(600, ema_type='StochasticWeightAverage') == []
    annealed = dict(ema_type='MomentumAnnealingEMA', momentum=3e-4)
    assert said(600, **annealed) == []  # its share is far below
    ((_, text),) = said(600, counts=8, **annealed)
    assert 'accumulative_counts=8' in text


@pytest.mark.parametrize('begin', [dict(begin_iter=501), dict(begin_epoch=6)], ids=str)
def test_an_average_that_begins_later(begin):
    options = dict(momentum=3e-4, warmup=0)
    ((_, text),) = said(1000, max_epochs=10, begin=begin, **options)
    assert f'EMA: {100 * 0.9997**499:.1f} %' in text


def test_a_batch_in_parts_needs_an_interval():
    *_, (warned, text) = said(600, counts=8)
    assert warned
    assert 'accumulative_counts=8' in text
    assert len(said(600, counts=8, interval=8)) == 1
