"""Evaluate saved results again, under any protocol, without the model."""

import argparse
from collections.abc import Sequence

import numpy as np

from mvlr_mm.evaluation.calibration import apply_temperatures, calibration_error
from mvlr_mm.evaluation.label_table import label_table
from mvlr_mm.evaluation.means import mean_over_labels
from mvlr_mm.evaluation.protocol_numbers import evaluate
from mvlr_mm.evaluation.protocols import (
    Protocol,
    protocol_of,
)
from mvlr_mm.evaluation.results import Results, read_results
from mvlr_mm.evaluation.table_files import write_table
from mvlr_mm.evaluation.table_text import format_table
from mvlr_mm.labels.thresholds import read_temperatures, read_thresholds
from mvlr_mm.near_names import nearest_names, same_letters

FIELDS = (
    'ap',
    'empty',
    'family',
    'thr',
    'must_exceed',
    'topk_thr',
    'unknown',
    'more',
)


def choose_protocol(args: argparse.Namespace, tested: dict | None) -> Protocol:
    """Return the protocol that the command line asks for.

    Args:
        args: The command line.
        tested: Fields of the protocol that the results were tested under, if known.

    Raises:
        ValueError: A field has a wrong value.
    """
    fields = {k: getattr(args, k) for k in FIELDS if getattr(args, k) is not None}
    if args.topk is not None:
        fields['topk'] = args.topk or None
    if args.protocol is None and tested is not None:
        own = {key: value for key, value in tested.items() if key != 'name'}
        return protocol_of(tested['name'], **{**own, **fields})
    return protocol_of(args.protocol or 'mlgcn', **fields)


def choose_classes(results: Results, wanted: Sequence[str] | None) -> Results:
    """Return the results of these labels only, in this order.

    Raises:
        ValueError: The results lack a label, or one is named twice.
    """
    if wanted is None:
        return results
    names = []
    for name in wanted:
        found = same_letters(name, results.classes)
        if found is None:
            raise ValueError(
                f'--classes {name!r} is not among the {len(results.classes)} labels of '
                f'the results; nearest: {nearest_names(name, results.classes)}.'
            )
        if found in names:
            raise ValueError(f'--classes names {found!r} twice; name each label once.')
        names.append(found)
    columns = [results.classes.index(name) for name in names]
    thresholds = results.thresholds
    return results._replace(
        scores=results.scores[:, columns],
        targets=results.targets[:, columns],
        classes=names,
        thresholds=None if thresholds is None else thresholds[columns],
    )


def choose_thresholds(
    args: argparse.Namespace, results: Results
) -> tuple[np.ndarray | None, str | None]:
    """Return the labels' own thresholds, and where they come from; None without.

    Those of the test hold as long as its protocol does.

    Args:
        args: The command line.
        results: Of the labels that are evaluated.

    Raises:
        FileNotFoundError: The file of thresholds does not exist.
        ValueError: It is none, lacks a label, or is given beside a threshold.
    """
    if args.thresholds is not None:
        if args.thr is not None:
            raise ValueError(
                f'--thr {args.thr:g} and --thresholds {args.thresholds}: give one of '
                'them, a threshold for all labels or the file with one for each.'
            )
        return read_thresholds(args.thresholds, results.classes), args.thresholds
    if results.thresholds is None or args.protocol is not None or args.thr is not None:
        return None, None
    return results.thresholds, results.thresholds_file


def calibration(results: Results, file: str | None) -> dict[str, float]:
    """Return the mean calibration error in percent.

    Args:
        results: Scores and targets.
        file: Of `mvlr thresholds`; if it has temperatures, the error with them as well.
    """
    scores, targets, classes = results[:3]
    kinds = {'ECE': scores}
    temperatures = None if file is None else read_temperatures(file, classes)
    if temperatures is not None:
        calibrated = apply_temperatures(scores, targets, temperatures)
        kinds['ECE-temperatures'] = calibrated
    errors = {name: calibration_error(x, targets) for name, x in kinds.items()}
    return {name: 100 * mean_over_labels(x) for name, x in errors.items()}


def run(args: argparse.Namespace) -> int:
    """Print the table and the numbers; write them where asked.

    Args:
        args: Of the command line.

    Returns:
        The exit status, 0.
    """
    files = [path for path in (args.csv, args.json) if path is not None]
    results = read_results(args.results)
    protocol = choose_protocol(args, results.protocol)
    results = choose_classes(results, args.classes)
    scores, targets, classes = results[:3]
    thresholds, source = choose_thresholds(args, results)
    options = (protocol, thresholds)
    numbers = evaluate(scores, targets, *options, args.resamples, args.seed)
    if args.calibration:
        numbers |= calibration(results, args.thresholds)
    rows = label_table(scores, targets, classes, *options)
    for path in files:
        write_table(path, rows, protocol, numbers, source)
    print(format_table(rows, protocol, targets, source))
    print('\n'.join(f'{protocol.name}/{key} {x:.4f}' for key, x in numbers.items()))
    return 0
