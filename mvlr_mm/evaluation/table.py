"""A row for every label: support, AP, precision, recall, F1, best threshold."""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .average_precision import average_precision
from .columns import Matrix, checked
from .counts import label_counts
from .f1 import label_precision_recall_f1
from .protocols import Protocol, describe, judged
from .thresholds import search_thresholds

NO_VALUE = '-'


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
    best = search_thresholds(scores, targets).threshold
    thr = protocol.thr if thresholds is None else thresholds
    targets = judged(targets, protocol)
    counts = label_counts(scores, targets, thr, strict=protocol.above)
    shares = (
        np.where(counts.known > 0, 100 * values, np.nan)
        for values in label_precision_recall_f1(counts)
    )
    columns = (names, counts.actual, ap, *shares, best)
    return [
        LabelRow(str(name), int(support), *map(float, values))
        for name, support, *values in zip(*columns, strict=True)
    ]


def format_table(
    rows: Sequence[LabelRow],
    protocol: Protocol,
    images: int,
    thresholds: str | None = None,
) -> str:
    """Return the rows as text, with what was computed below them.

    Args:
        rows: What :func:`label_table` returned.
        protocol: The protocol of the rows.
        images: How many images there were.
        thresholds: The file of thresholds that replaced the protocol's, if one did.
    """
    width = max(len('label'), *(len(row.name) for row in rows))
    head = f'{"label":{width}} support     AP      P      R     F1 best thr'
    lines = [head]
    for row in rows:
        shares = ' '.join(_cell(x, '6.2f') for x in row[2:6])
        best = _cell(row.best_threshold, '8.3g')
        lines.append(f'{row.name:{width}} {row.support:7} {shares} {best}')
    unknown = sum(np.isnan(row.precision) for row in rows)
    empty = sum(np.isnan(row.ap) for row in rows) - unknown
    fate = {
        'skip': 'are left out of mAP',
        'zero': 'count as AP 0 in mAP',
        'nan': 'make mAP nan',
    }[protocol.empty]
    lines.append(
        f'{images} images; {empty} of {len(rows)} labels have no positive image and '
        f'{fate}. Best thr is that of the highest F1 on these images.'
    )
    if unknown:
        lines.append(f'{unknown} labels of which nothing is known count nowhere.')
    lines.append(f'Protocol {describe(protocol)}.')
    if thresholds is not None:
        lines.append(f'Thresholds of {thresholds} in place of thr.')
    return '\n'.join(lines)


def write_table(
    path: str | Path,
    rows: Sequence[LabelRow],
    protocol: Protocol,
    numbers: Mapping[str, float],
    thresholds: str | None = None,
) -> None:
    """Write the rows as csv, or rows, protocol and numbers as json, by the suffix.

    In full precision; where there is no value, csv has an empty field and json null.

    Args:
        path: The file; its folder is made.
        rows: What :func:`label_table` returned.
        protocol: What was computed.
        numbers: What :func:`evaluate` returned.
        thresholds: The file of thresholds that replaced the protocol's, if one did.

    Raises:
        ValueError: The suffix is neither.
    """
    check_table_path(path)
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    labels = [{k: _known(v) for k, v in row._asdict().items()} for row in rows]
    if path.suffix == '.csv':
        with open(path, 'w', newline='', encoding='utf-8') as file:
            writer = csv.DictWriter(file, LabelRow._fields)
            writer.writeheader()
            writer.writerows(labels)
        return
    content = {
        'protocol': asdict(protocol),
        'thresholds': thresholds,
        'numbers': {key: _known(value) for key, value in numbers.items()},
        'labels': labels,
    }
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
    path.write_text(text + '\n', encoding='utf-8')


def check_table_path(path: str | Path) -> None:
    """Refuse a path that :func:`write_table` could not write.

    Raises:
        ValueError: Its suffix is neither .csv nor .json.
    """
    if Path(path).suffix not in ('.csv', '.json'):
        raise ValueError(f'the table {path} must be a .csv or a .json file.')


def _known(value: object) -> object:
    missing = isinstance(value, float) and not np.isfinite(value)
    return None if missing else value


def _cell(value: float, form: str) -> str:
    return f'{NO_VALUE:>{form.split(".")[0]}}' if np.isnan(value) else f'{value:{form}}'
