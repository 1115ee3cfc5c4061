"""Search a threshold for each label, and one for all, on results of the val set."""

import argparse

import numpy as np

from mvlr_mm.evaluation.calibration import (
    apply_temperatures,
    calibration_error,
    fit_temperatures,
)
from mvlr_mm.evaluation.means import mean_over_labels
from mvlr_mm.evaluation.protocol_numbers import decision_numbers, targets_of_decisions
from mvlr_mm.evaluation.protocols import describe, protocol_of
from mvlr_mm.evaluation.results import Results, read_results
from mvlr_mm.evaluation.thresholds import (
    Thresholds,
    global_threshold,
    search_thresholds,
)
from mvlr_mm.labels.thresholds import write_thresholds
from mvlr_mm.shown_text import printable


def label_records(
    results: Results, found: Thresholds, overall: float
) -> list[dict[str, object]]:
    """Return what the file says of every label.

    Args:
        results: Scores and targets of the val set.
        found: What was searched.
        overall: The threshold of a label without a positive image.
    """
    support = (results.targets == 1).sum(axis=0)
    records = []
    for name, count, *values in zip(results.classes, support, *found, strict=True):
        threshold, precision, recall = map(float, values)
        records.append(
            {
                'name': name,
                'threshold': threshold if count else overall,
                'precision': precision,
                'recall': recall,
                'support': int(count),
            }
        )
    return records


def add_temperatures(records: list[dict], results: Results) -> tuple[float, float]:
    """Add the temperature of every label to its record.

    Returns:
        The mean calibration error without and with them.
    """
    scores, targets = results.scores, results.targets
    temperatures = fit_temperatures(scores, targets)
    for record, temperature in zip(records, temperatures, strict=True):
        record['temperature'] = float(temperature)
    calibrated = apply_temperatures(scores, targets, temperatures)
    errors = (calibration_error(x, targets) for x in (scores, calibrated))
    before, after = (mean_over_labels(error) for error in errors)
    return before, after


def run(args: argparse.Namespace) -> int:
    """Search, write the file, and say what it changes on these images.

    What is unknown counts as in the protocol that the results were tested under, and
    the numbers are those of ``mvlr eval`` with the file.

    Args:
        args: Of the command line.

    Returns:
        The exit status, 0.
    """
    results = read_results(args.results)
    protocol = protocol_of(**(results.protocol or {'name': 'mlgcn'}))
    scores, targets = results.scores, results.targets
    search = (scores, targets_of_decisions(targets, protocol), args.by, args.level)
    threshold, precision, recall = (x.item() for x in global_threshold(*search))
    if np.isnan(threshold):
        raise ValueError(f'{args.results} has no positive label to search by.')
    records = label_records(results, search_thresholds(*search), threshold)
    lines = []
    if args.temperatures:
        before, after = add_temperatures(records, results)
        lines = [f'calibration error {100 * before:.2f} % -> {100 * after:.2f} %']
    overall = dict(threshold=threshold, precision=precision, recall=recall)
    about = dict(by=args.by, level=args.level, images=len(scores))
    write_thresholds(args.out, records, overall, **about)
    per_label = np.array([record['threshold'] for record in records])
    kinds = {
        f'{protocol.thr:g}': protocol.thr,
        f'global, {threshold:.4g}': threshold,
        'per label': per_label,
    }
    for name, thr in kinds.items():
        found = decision_numbers(scores, targets, protocol, thr)
        shown = ' '.join(f'{key} {value:.4f}' for key, value in found.items())
        lines.append(f'threshold {name}: {shown}')
    lines.append(f'Protocol {describe(protocol)}.')
    without = [printable(label['name']) for label in records if not label['support']]
    if without:
        lines.append(f'without positives, so global: {", ".join(without)}')
    print('\n'.join([*lines, f'thresholds: {args.out}']))
    return 0
