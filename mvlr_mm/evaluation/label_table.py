"""A row for every label: support, AP, precision, recall, F1, best threshold."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from .average_precision import average_precision
from .columns import Matrix, checked
from .counts import label_counts
from .f1 import label_precision_recall_f1
from .means import mean_over_labels
from .protocol_numbers import targets_of_decisions
from .protocols import Protocol
from .thresholds import search_thresholds


class LabelRow(NamedTuple):
    """What one label reaches; AP, precision, recall and F1 in percent."""

    name: str
    support: int  # positive images
    ap: float  # nan without a positive image
    precision: float
    recall: float
    f1: float
    best_threshold: float  # that of the highest F1 on these very images


def label_table(
    scores: Matrix,
    targets: Matrix,
    names: Sequence[str],
    protocol: Protocol,
    thresholds: np.ndarray | None = None,
) -> list[LabelRow]:
    """Return the rows, in the order of the labels.

    Args:
        scores: Scores (N, C).
        targets: 1 present, 0 absent, -1 unknown, (N, C).
        names: Names of the C labels.
        protocol: Says the mode of AP, the threshold and its meaning.
        thresholds: One for each label, (C,), in place of the protocol's.

    Raises:
        ValueError: ``names`` is not C long, or as for :func:`evaluate`.
    """
    scores, targets = checked(scores, targets)
    if len(names) != scores.shape[1]:
        raise ValueError(
            f'names has {len(names)} entries for {scores.shape[1]} labels; give one '
            'for each, in the order of the scores.'
        )
    ap = 100 * average_precision(scores, targets, protocol.ap)
    thr = protocol.thr if thresholds is None else thresholds
    targets = targets_of_decisions(targets, protocol)
    best = search_thresholds(scores, targets).threshold
    counts = label_counts(scores, targets, thr, must_exceed=protocol.equal_is_too_low)
    shares = (
        np.where(counts.known > 0, 100 * values, np.nan)
        for values in label_precision_recall_f1(counts)
    )
    columns = (names, counts.actual, ap, *shares, best)
    return [
        LabelRow(str(name), int(support), *map(float, values))
        for name, support, *values in zip(*columns, strict=True)
    ]


class ComparisonRow(NamedTuple):
    """The AP of one label under each of several models, in percent."""

    name: str
    support: int
    ap: tuple[float, ...]  # nan without a positive image


def compare_ap(tables: Mapping[str, Sequence[LabelRow]]) -> list[ComparisonRow]:
    """Return a row for every label and, last, the mean over the labels.

    Args:
        tables: For each model what :func:`label_table` returned, on the same images.

    Raises:
        ValueError: The tables differ in their labels or in how often these occur.
    """
    first, *others = tables.values()
    labels = [row[:2] for row in first]
    for model, table in zip(list(tables)[1:], others, strict=True):
        if [row[:2] for row in table] != labels:
            raise ValueError(
                f'the table of {model!r} has other labels, or other numbers of '
                f'positive images, than that of {next(iter(tables))!r}; compare models '
                'on the same images.'
            )
    ap = np.array([[row.ap for row in table] for table in tables.values()])
    rows = [
        ComparisonRow(*label, tuple(values))
        for label, values in zip(labels, ap.T.tolist(), strict=True)
    ]
    means = tuple(map(mean_over_labels, ap))
    return [*rows, ComparisonRow('mean', sum(row.support for row in first), means)]
