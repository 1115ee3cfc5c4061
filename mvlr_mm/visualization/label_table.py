"""A table of every label: its support and its AP under each model."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

Row = tuple[str, int, tuple[float, ...]]
NO_VALUE = '-'


def label_rows(
    names: Sequence[str], support: Sequence[int], results: Mapping[str, np.ndarray]
) -> list[Row]:
    """Return a row per label and, last, the mean over the labels.

    Args:
        names: Names of the C labels.
        support: Positive images of each label.
        results: Per model, the AP (C,) of each label in percent; nan where there is
            none, which the mean leaves out.

    Raises:
        ValueError: A column is not C long.
    """
    for column, values in {'support': support, **results}.items():
        if len(values) != len(names):
            raise ValueError(
                f'column {column!r} has {len(values)} values for {len(names)} names; '
                'give one value for each label, in the order of the names.'
            )
    rows = [
        (name, int(support[i]), tuple(float(values[i]) for values in results.values()))
        for i, name in enumerate(names)
    ]
    means = tuple(_mean(np.asarray(values)) for values in results.values())
    return [*rows, ('mean', int(np.sum(support)), means)]


def format_label_table(rows: Sequence[Row], models: Sequence[str]) -> str:
    """Return the rows as a Markdown table that reads well unrendered too.

    Args:
        rows: What :func:`label_rows` returned.
        models: Names of the models, in the order of the columns.
    """
    header = ['label', 'support', *models]
    cells = [header, *([n, str(s), *map(_format, values)] for n, s, values in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    rule = ['-' * widths[0], *('-' * (width - 1) + ':' for width in widths[1:])]
    lines = [
        [row[0].ljust(widths[0])]
        + [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        for row in (header, rule, *cells[1:])
    ]
    return '\n'.join(f'| {" | ".join(line)} |' for line in lines)


def write_label_csv(
    path: str | Path, rows: Sequence[Row], models: Sequence[str]
) -> None:
    """Write the rows as csv, in full precision; an empty field where there is no AP.

    Args:
        path: File to write.
        rows: What :func:`label_rows` returned.
        models: Names of the models, in the order of the columns.
    """
    with open(path, 'w', newline='', encoding='utf-8') as file:
        writer = csv.writer(file)
        writer.writerow(['label', 'support', *models])
        for name, count, values in rows:
            writer.writerow([name, count, *('' if np.isnan(v) else v for v in values)])


def _mean(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float('nan')


def _format(value: float) -> str:
    return NO_VALUE if np.isnan(value) else f'{value:.1f}'
