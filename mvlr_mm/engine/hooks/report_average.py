"""Say at the start what an average of the weights will be made of."""

import numpy as np
from mmengine.hooks import EMAHook, Hook
from mmengine.model import ExponentialMovingAverage
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS

from ..trained_weights_ema import momentum_of


@HOOKS.register_module()
class ReportAverage(Hook):
    """Log which share of the last average is the weights of the start.

    For every ``EMAHook`` with an exponential moving average whose momentum is known
    beforehand. The average is what is validated and tested, so a short run with a long
    memory is told before it begins.
    """

    def before_train(self, runner: Runner) -> None:
        """Compute the share from the number of steps."""
        for hook in runner.hooks:
            average = getattr(hook, 'ema_model', None)
            if not isinstance(hook, EMAHook):
                continue
            if not isinstance(average, ExponentialMovingAverage):
                continue
            # others, such as MomentumAnnealingEMA, have a momentum that changes
            if type(average).avg_func is ExponentialMovingAverage.avg_func:
                self._report_share(runner, hook, average)
            self._check_interval(runner, average)

    def _report_share(
        self, runner: Runner, hook: EMAHook, average: ExponentialMovingAverage
    ) -> None:
        length = runner.max_iters // runner.max_epochs
        begin = max(hook.begin_iter - 1, (hook.begin_epoch - 1) * length, 0)
        updates = (runner.max_iters - begin - 1) // average.interval
        shares = shares_kept(updates, average.momentum, getattr(average, 'warmup', 0))
        half = int((shares > 0.5).sum()) * average.interval
        text = (
            f'EMA: {100 * shares[-1]:.1f} % of the average at the end are the weights '
            f'of the start, and half of it comes from the last {half} of '
            f'{runner.max_iters} iterations.'
        )
        if shares[-1] > 0.05:
            runner.logger.warning(
                f'{text} Validation and test use the average: take a larger momentum, '
                "TrainedWeightsEMA's warmup, or more epochs."
            )
        else:
            runner.logger.info(text)

    def _check_interval(
        self, runner: Runner, average: ExponentialMovingAverage
    ) -> None:
        parts = getattr(runner.optim_wrapper, '_accumulative_counts', 1)
        if parts > 1 and average.interval % parts:
            runner.logger.warning(
                f'EMA: with accumulative_counts={parts} the weights change in every '
                f'{parts}-th iteration and the average moves in every '
                f'{average.interval}-th; set interval={parts} in the EMAHook.'
            )


def shares_kept(updates: int, momentum: float, warmup: float) -> np.ndarray:
    """Return which share of the average the last k updates have left, for k = 0, 1, ...

    Args:
        updates: Of the whole run, after the first, which copies the model.
        momentum: Weight of the model in each update.
        warmup: Of :class:`~mvlr_mm.engine.TrainedWeightsEMA`.

    Returns:
        (updates + 1,), from 1 down to the share of the start.
    """
    latest_first = range(updates, 0, -1)
    kept = [1.0, *(1 - momentum_of(n, momentum, warmup) for n in latest_first)]
    return np.cumprod(kept)
