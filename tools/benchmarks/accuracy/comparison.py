"""The runs of a comparison: those that are not there yet, side by side."""

import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, as_completed
from concurrent.futures.process import BrokenProcessPool
from itertools import product
from typing import Any

from mvlr_stack.progress import Progress

from .plan import NOTHING, Job, Plan, Prepared, Run, Setting
from .training import RunError, read_result
from .tuning import best_setting, first_tries, further_tries, number_of_tries


class Comparison:
    """Tunes every row on val, then trains it with every seed.

    A run that fails is said, and the others go on. It is tried again by the next start.

    Args:
        plan: What all runs have in common.
        rows: The rows, prepared.
        rates: Learning rates to try.
        decays: Weight decays to try; the first is that of the first tries.
        seeds: Of the runs that count.
        pool: Where runs are done.
        do: What does one, in the pool.

    Attributes:
        results: What is there.
        failures: Why a run has no result.
        settings: What each row trains with.
    """

    def __init__(
        self,
        plan: Plan,
        rows: Sequence[Prepared],
        rates: Sequence[float],
        decays: Sequence[float],
        seeds: Sequence[int],
        pool: Executor,
        do: Callable[[Job], dict[str, Any]],
    ) -> None:
        self.plan, self.rates, self.decays, self.seeds = plan, rates, decays, seeds
        self.rows = {prepared.row.name: prepared for prepared in rows}
        self._tuned = [
            name
            for name, each in self.rows.items()
            if each.trains and each.row.tuned_as is None
        ]
        self.results: dict[Run, dict[str, Any]] = {}
        self.failures: dict[Run, str] = {}
        self.settings: dict[str, Setting] = {}
        self._pool, self._do = pool, do
        tries = number_of_tries(rates, decays) * len(self._tuned)
        self._progress = Progress('accuracy', tries + len(seeds) * len(rows))

    def tune(self) -> None:
        """Choose every row's setting by its val mAP, or by that of its system."""
        best = self._best_settings()
        for name, (row, _, _, trains) in self.rows.items():
            setting = best.get(row.tuned_as or name) if trains else NOTHING
            if setting is not None:
                self.settings[name] = setting

    def _best_settings(self) -> dict[str, Setting]:
        """Return the setting of each row that is tuned itself and of which a try is."""
        if not number_of_tries(self.rates, self.decays):
            return dict.fromkeys(self._tuned, Setting(self.rates[0], self.decays[0]))
        first = first_tries(self.rates, self.decays)
        self._complete(Run(name, setting) for setting in first for name in self._tuned)
        self._complete(
            Run(name, setting)
            for name in self._tuned
            for setting in further_tries(self.scores(name), self.decays)
        )
        best = {name: best_setting(self.scores(name)) for name in self._tuned}
        return {name: setting for name, setting in best.items() if setting}

    def scores(self, name: str) -> dict[Setting, float | None]:
        """Return the val mAP of a row's tries, None of those that failed."""
        found: dict[Setting, float | None] = {}
        for decay, rate in product(self.decays, self.rates):
            run = Run(name, Setting(rate, decay))
            if run in self.results:
                found[run.setting] = self.results[run]['val']['mAP']
            elif run in self.failures:
                found[run.setting] = None
        return found

    def run_seeds(self, report: Callable[[], None]) -> None:
        """Train every row with every seed, all rows of a seed first.

        Args:
            report: Called after each run that was done.
        """
        self._complete(
            (
                Run(name, setting, seed)
                for seed in self.seeds
                for name, setting in self.settings.items()
            ),
            report,
        )

    def of_seeds(self, name: str) -> dict[str, dict[str, Any]]:
        """Return a row's results by seed."""
        found = ((Run(name, self.settings.get(name), s), s) for s in self.seeds)
        return {str(s): self.results[run] for run, s in found if run in self.results}

    def job(self, run: Run) -> Job:
        """Return a run as a worker needs it."""
        return self.plan.job(self.rows[run.row], run)

    def _complete(
        self, runs: Iterable[Run], report: Callable[[], None] = lambda: None
    ) -> None:
        """Do the runs that have no result yet."""
        waiting = {}
        for run in runs:
            job = self.job(run)
            result = read_result(job)
            if result is None:
                waiting[self._pool.submit(self._do, job)] = run
            else:
                self.results[run] = result
                self._progress.total -= 1
        for future in as_completed(waiting):
            run = waiting[future]
            try:
                self.results[run] = future.result()
            except BrokenProcessPool as error:
                raise ChildProcessError(
                    'a worker was ended from outside, by a lack of memory perhaps. '
                    'Start again, with fewer --jobs: what is done is kept.'
                ) from error
            except RunError as error:
                self.failures[run] = str(error)
                print(f'{run.row} failed: {error}', file=sys.stderr)
            self._progress.advance(run.row)
            report()
