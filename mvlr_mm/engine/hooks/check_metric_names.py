"""Stop before a setting waits for a number that the evaluator never gives."""

from collections.abc import Iterator

from mmengine.evaluator import BaseMetric, DumpResults, Evaluator
from mmengine.hooks import CheckpointHook, EarlyStoppingHook, Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS

from ..schedule import all_schedulers


@HOOKS.register_module()
class CheckMetricNames(Hook):
    """Compare the numbers that settings name with those of ``val_evaluator``.

    The settings are ``save_best`` of the checkpoints, ``monitor`` of an early stop and
    of a schedule that depends on the validation. A metric says its numbers with a
    method ``number_names``, a list of str; of others only the prefix is known, so a
    number with that prefix passes.
    """

    # the first to speak of validation
    priority = 'VERY_HIGH'

    def before_train(self, runner: Runner) -> None:
        """Check all settings, where there is a validation.

        Raises:
            ValueError: A setting names a number that no metric gives.
        """
        if runner.val_loop is None:
            return
        evaluator = runner.val_loop.evaluator
        for setting, name in _named(runner):
            if not any(_gives(metric, name) for metric in evaluator.metrics):
                raise ValueError(
                    f'{setting} names {name!r}, which val_evaluator does not give; '
                    f'it gives {_listing(evaluator)}.'
                )


def _named(runner: Runner) -> Iterator[tuple[str, str]]:
    """Yield every setting that names a number of the validation, and the name."""
    for hook in runner.hooks:
        if isinstance(hook, CheckpointHook):
            for name in hook.save_best or ():
                if name != 'auto':
                    yield 'save_best of the CheckpointHook', name
        elif isinstance(hook, EarlyStoppingHook):
            yield 'monitor of the EarlyStoppingHook', hook.monitor
    for scheduler in all_schedulers(runner):
        if getattr(scheduler, 'need_val_args', False):
            yield f'monitor of {type(scheduler).__name__}', scheduler.monitor


def _gives(metric: BaseMetric, name: str) -> bool:
    if hasattr(metric, 'number_names'):
        return name in _full_names(metric)
    if isinstance(metric, DumpResults):
        return False  # a file alone
    return metric.prefix is None or name.startswith(f'{metric.prefix}/')


def _full_names(metric: BaseMetric) -> list[str]:
    return [f'{metric.prefix}/{name}' for name in metric.number_names()]


def _listing(evaluator: Evaluator) -> str:
    parts = []
    for metric in evaluator.metrics:
        if hasattr(metric, 'number_names'):
            parts += _full_names(metric)
        elif not isinstance(metric, DumpResults):
            parts.append(f'those of {type(metric).__name__} as {metric.prefix}/...')
    return f"{', '.join(parts)}; 'auto' takes the first"
