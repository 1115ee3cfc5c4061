"""Show what a trained model does, and where it errs, on one page."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from mvlr_mm.apis.device import choose_device
from mvlr_mm.apis.explain import Explanation, explain
from mvlr_mm.apis.load import LoadedModel, load_model
from mvlr_mm.apis.work_dir import find_run
from mvlr_mm.evaluation.label_errors import suspected_label_errors
from mvlr_mm.evaluation.results import Results, read_results
from mvlr_mm.labels.thresholds import in_order, read_thresholds
from mvlr_mm.report import Tested, judge_results, write_report
from mvlr_mm.report.looks import pick
from mvlr_mm.weight_files import sha256_of
from mvlr_stack.command import parse
from mvlr_stack.outputs import check_output
from mvlr_stack.progress import track
from mvlr_stack.words.report import OUT

from .test import run as run_test

RESULTS = 'results.npz'
EXPLAINED = 24  # pictures whose maps of labels are averaged
MAPS = 6  # of these, how many are drawn


def results_of(run: tuple[Path, Path], args: argparse.Namespace) -> Results:
    """Return the results that are asked for, tested now if they are not there.

    Args:
        run: Config and checkpoint.
        args: Of the command line.

    Raises:
        FileExistsError: There are some, of another checkpoint.
    """
    if args.results is not None:
        return read_results(args.results)
    config, checkpoint = run
    path = checkpoint.parent / RESULTS
    old = _why_old(path, checkpoint) if path.exists() else ''
    if old and not args.overwrite:
        raise FileExistsError(
            f'{path} {old}: add --overwrite to test again, or name it, --results FILE, '
            'to take it.'
        )
    if old or not path.exists():
        print(f'Testing {checkpoint}, for {path}')
        with TemporaryDirectory() as logs:  # the work dir keeps its config and logs
            words = ['test', str(config), str(checkpoint), '--out', str(path)]
            run_test(parse([*words, '--work-dir', logs, '--overwrite']))
    return read_results(path)


def _why_old(path: Path, checkpoint: Path) -> str:
    """Say why results are not those of a checkpoint; nothing if they are."""
    tested = read_results(path).checkpoint
    if tested:
        same = tested == sha256_of(checkpoint)
        return '' if same else f'is of another checkpoint than {checkpoint.name}'
    if path.stat().st_mtime < checkpoint.stat().st_mtime:  # a copy may be so as well
        return f'is older than {checkpoint.name}, so it may be of another one'
    return ''


def thresholds_of(
    args: argparse.Namespace, results: Results, loaded: LoadedModel
) -> tuple[np.ndarray | None, str]:
    """Return the labels' own thresholds, and where they come from; None without.

    Those that are named count first, then those of the test, then the model's.
    """
    if args.thresholds is not None:
        return read_thresholds(args.thresholds, results.classes), args.thresholds
    if results.thresholds is not None:
        return results.thresholds, results.thresholds_file
    if loaded.thresholds is None:
        return None, ''
    source = f'those stored with {loaded.checkpoint}'
    return in_order(loaded.thresholds, results.classes, source), source


def explained(loaded: LoadedModel, tested: Tested) -> list[tuple[int, Explanation]]:
    """Return pictures of the test and what the model makes of them, drawn ones first.

    Args:
        loaded: The model.
        tested: The results.
    """
    rows = pick(tested, EXPLAINED)
    drawn = rows[:: max(len(rows) // MAPS, 1)][:MAPS]
    rows = [*drawn, *(row for row in rows if row not in drawn)]
    found = []
    for row in track(rows, 'Explaining', len(rows)):
        found += [(row, one) for one in explain(loaded, [tested.paths[row]])]
    return found


def suspects_of(results: Results) -> Sequence[np.ndarray] | None:
    """Return the suspected label errors; None, and a line for it, without cleanlab."""
    try:
        return suspected_label_errors(results.scores, results.targets)
    except ImportError as error:
        print(f'Without suspected label errors: {error}')
        return None


def run(args: argparse.Namespace) -> int:
    """Write the report.

    Args:
        args: Of the command line.

    Returns:
        The exit status, 0.
    """
    config, checkpoint = find_run(args.work_dir)
    out = Path(args.out or checkpoint.parent / OUT)
    check_output('--out', out, args.overwrite)
    results = results_of((config, checkpoint), args)
    loaded = load_model(checkpoint.parent, device=choose_device())
    if list(loaded.classes) != list(results.classes):
        raise ValueError(
            f'the results have other labels than {checkpoint}: they are those of '
            'another model; test this one again.'
        )
    tested = judge_results(results, *thresholds_of(args, results, loaded))
    lost = write_report(
        out,
        tested,
        title=checkpoint.parent.resolve().name,
        model=checkpoint.name,
        suspects=suspects_of(results),
        explained=explained(loaded, tested),
        maps=MAPS,
        pictures=args.pictures,
    )
    if lost:
        path, reason = next(iter(lost.items()))
        print(f'{len(lost)} pictures could not be read, first {path}: {reason}')
    print(f'report: {out}')
    return 0
