"""One run: train as `mvlr train` does, score the averaged weights, leave a result."""

import json
import time
import traceback
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

from mmengine.hooks import Hook
from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from mmengine.visualization import Visualizer
from mmpretrain.evaluation import AveragePrecision
from mmpretrain.visualization import UniversalVisualizer

from mvlr_mm.apis.work_dir import find_last_checkpoint
from mvlr_mm.cli import train
from mvlr_mm.evaluation import MultiLabelProtocol
from mvlr_stack.command import parse
from mvlr_stack.memory import freeze_imports
from mvlr_stack.outputs import write_text

from .new_names import test_names
from .plan import RESULT, Job

_KEPT = (MMLogger, MessageHub, Visualizer, UniversalVisualizer, DefaultScope)


class RunError(Exception):
    """A run has ended without a result; others may go on."""


def read_result(job: Job) -> dict[str, Any] | None:
    """Return the result of a run, None if it is not there."""
    path = job.folder / RESULT
    return json.loads(path.read_text()) if path.is_file() else None


def prepare() -> None:
    """Import this module, with all that a run needs, before the first run begins."""
    freeze_imports()


def forget_runs() -> None:
    """Close and forget what mmengine keeps of the runs so far.

    It finds loggers and the like by the name of a runner, which says no more than the
    second: of two runs within one, the second would write into the first one's files.
    """
    for logger in MMLogger._instance_dict.values():
        for handler in logger.handlers:
            handler.close()
    for kind in _KEPT:
        kind._instance_dict.clear()


def run(job: Job) -> dict[str, Any]:
    """Do a run, or what is left of it.

    A run that was killed goes on from its newest checkpoint; one that is done leaves
    its result, its logs and curves, and no weights.

    Args:
        job: The run.

    Returns:
        The ``val`` numbers, in percent and without their prefix; ``test``, None for a
        try; ``key`` of mAP among the scalars; ``pictures`` of each split, ``labels``,
        ``trained`` parameters, ``seconds`` that it took, None if it was cut.

    Raises:
        RunError: It did; the log says more.
    """
    job.folder.mkdir(parents=True, exist_ok=True)
    log = job.folder / 'log.txt'
    forget_runs()  # one of the same second would lend its logger
    try:
        with open(log, 'a') as file, redirect_stdout(file), redirect_stderr(file):
            result = _run(job)
    except (Exception, SystemExit) as error:
        with open(log, 'a') as file:
            traceback.print_exc(file=file)
        raise RunError(f'{type(error).__name__}: {error} ({log})') from error
    finally:
        forget_runs()
    write_text(job.folder / RESULT, json.dumps(result, indent=1) + '\n')
    for checkpoint in job.folder.glob('*.pth'):
        checkpoint.unlink()
    return result


class LastValidation(Hook):
    """Keep the numbers of the last validation."""

    metrics: Mapping[str, float] | None = None

    def after_val_epoch(
        self, runner: Runner, metrics: Mapping[str, float] | None = None
    ) -> None:
        """Keep them."""
        self.metrics = metrics


def _run(job: Job) -> dict[str, Any]:
    start = time.monotonic()
    gone_on = find_last_checkpoint(job.folder) is not None
    words = ['train', job.config, '--work-dir', str(job.folder), '--resume']
    args = parse([*words, *job.flags])
    args.cfg_options = job.overrides
    runner = train.build(args)
    _check_metrics(runner)
    last = LastValidation()
    runner.register_hook(last)
    runner.train()
    # The loops put the average in the place of the weights; `runner.val` and `test`
    # would begin a new average.
    if last.metrics is None:  # cut between the last checkpoint and its validation
        runner.val_loop.run()
    val = last.metrics
    loops = [runner.train_loop, runner.val_loop]
    test = None
    if job.tested:
        loops.append(runner.test_loop)
        found = test_names(runner, job) if job.unseen else runner.test_loop.run()
        test = numbers(found)
    return {
        'val': numbers(val),
        'test': test,
        'key': next(name for name in val if name.split('/')[-1] == 'mAP'),
        'pictures': [len(loop.dataloader.dataset) for loop in loops],
        # a test may ask for names that training does not know
        'labels': len(loops[-1].dataloader.dataset.metainfo['classes']),
        'trained': sum(p.numel() for p in runner.model.parameters() if p.requires_grad),
        'seconds': None if gone_on else round(time.monotonic() - start, 1),
    }


def _check_metrics(runner: Runner) -> None:
    """Refuse, before hours of training, metrics without the numbers that rows need."""
    enough = {'val': (MultiLabelProtocol, AveragePrecision), 'test': MultiLabelProtocol}
    for split, kinds in enough.items():
        metrics = runner.build_evaluator(runner.cfg[f'{split}_evaluator']).metrics
        if not any(isinstance(metric, kinds) for metric in metrics):
            names = ', '.join(type(metric).__name__ for metric in metrics)
            raise ValueError(
                f'{split}_evaluator ({names}) must have a MultiLabelProtocol, by whose '
                'numbers rows are compared.'
            )


def numbers(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Return the single numbers among metrics, without their prefix."""
    return {
        name.split('/')[-1]: float(value)
        for name, value in metrics.items()
        if isinstance(value, (int, float)) and name.count('/') < 2
    }


def scalars_of(folder: Path) -> list[Path]:
    """Return the scalars of a run, those of each start, the first one first."""
    return sorted(folder.glob('*/vis_data/scalars.json'))
