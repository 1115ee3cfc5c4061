"""Schedules of the optimizer's settings: compare them, and run them to a place."""

import copy
import warnings
from collections.abc import Iterator
from typing import Any

from mmengine.optim import OptimWrapperDict
from mmengine.runner import Runner

# What of a scheduler's state says how far it has come; the rest are its settings.
_PROGRESS = (
    *('last_step', '_global_step', '_last_value', 'verbose'),
    *('best', 'num_bad_epochs', 'cooldown_counter'),
)


class Schedule:
    """The optimizers and schedulers of a run as the config made them.

    Args:
        runner: Its optimizers and schedulers have been built and not yet stepped.
    """

    def __init__(self, runner: Runner) -> None:
        self.schedulers = all_schedulers(runner)
        several = isinstance(runner.optim_wrapper, OptimWrapperDict)
        self._wrappers = (
            list(runner.optim_wrapper.values()) if several else [runner.optim_wrapper]
        )
        self._states = [copy.deepcopy(s.state_dict()) for s in self.schedulers]
        self._settings = [copy.deepcopy(_settings(g)) for g in self._groups()]

    def _groups(self) -> Iterator[dict]:
        for wrapper in self._wrappers:
            yield from wrapper.optimizer.param_groups

    def changes(self) -> list[str]:
        """Say which settings are no longer those of the start, each once."""
        scheduled = {scheduler.param_name for scheduler in self.schedulers}
        pairs = [
            ('optimizer', _without(old, scheduled), _settings(group))
            for old, group in zip(self._settings, self._groups(), strict=True)
        ]
        pairs += [
            (type(scheduler).__name__, _without(old, _PROGRESS), scheduler.state_dict())
            for old, scheduler in zip(self._states, self.schedulers, strict=True)
        ]
        found = [
            f'{owner}.{name} {now.get(name)} -> {value}'
            for owner, old, now in pairs
            for name, value in old.items()
            if _plain(now.get(name)) != _plain(value)
        ]
        return list(dict.fromkeys(found))

    def steps_agree(self, epoch: int, iteration: int) -> bool:
        """Whether every scheduler has come as far as the run."""
        return all(
            s._global_step == (epoch if s.by_epoch else iteration)
            for s in self.schedulers
            if not getattr(s, 'need_val_args', False)
        )

    def replay(self, epochs: int, epoch_length: int, rest: int) -> None:
        """Put everything back to the start and run the schedule to a place.

        Args:
            epochs: Whole epochs.
            epoch_length: Iterations in each.
            rest: Iterations after them.
        """
        for group, old in zip(self._groups(), self._settings, strict=True):
            group.update(copy.deepcopy(old))
        for scheduler, old in zip(self.schedulers, self._states, strict=True):
            scheduler.load_state_dict(copy.deepcopy(old))
        by_epoch = [s for s in self.schedulers if s.by_epoch]
        by_iter = [s for s in self.schedulers if not s.by_epoch]
        with warnings.catch_warnings():
            # of steps of the schedule before one of the optimizer
            warnings.simplefilter('ignore')
            for _ in range(epochs):
                _step(by_iter, epoch_length)
                _step(by_epoch, 1)
            _step(by_iter, rest)


def all_schedulers(runner: Runner) -> list:
    """Return the schedulers of all optimizers."""
    found = runner.param_schedulers or []
    lists = found.values() if isinstance(found, dict) else [found]
    return [scheduler for each in lists for scheduler in each]


def _step(schedulers: list, times: int) -> None:
    if not schedulers:
        return
    for _ in range(times):
        for scheduler in schedulers:
            scheduler.step()


def _settings(group: dict) -> dict[str, Any]:
    return _without(group, ('params',))


def _without(settings: dict, names: Any) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if name not in names}


def _plain(value: Any) -> Any:
    """Return what a checkpoint may hold as a list in the form of the other side."""
    return tuple(value) if isinstance(value, list) else value
