"""Lists that write one value of 0 or 1 a class."""

import re
from collections.abc import Sequence
from typing import Any

from ..checking.problems import Problems
from .rows import Row


def read_one_hot(
    rows: list[Row], classes: Sequence[str], path: str, problems: Problems
) -> list[Row]:
    """Return the rows, with indices for labels where all rows have a value a class.

    Such values would pass as the indices 0 and 1. They are one value a class where
    every row has exactly that many, and some row cannot be indices: it has one twice,
    or one that is out of range.

    Args:
        rows: All records of a list.
        classes: The label names in index order.
        path: The list, for messages.
        problems: Where notes go.

    Raises:
        ValueError: Every row can be either.
    """
    named = {'0', '1'} & set(classes)
    vectors = [_vector(row.labels, len(classes), bool(named)) for row in rows]
    if not rows or None in vectors:
        return rows
    if all(sorted(vector) == list(range(len(classes))) for vector in vectors):
        raise ValueError(
            f'{path}: with {len(classes)} classes, labels such as {vectors[0]} can be '
            'indices, or one value of 0 or 1 a class; write names.'
        )
    problems.note(
        f'{path}: every record has {len(classes)} values of 0 and 1, which are read as '
        'one a class, not as indices.'
    )
    return [
        row._replace(labels=[i for i, value in enumerate(vector) if value])
        for row, vector in zip(rows, vectors, strict=True)
    ]


def _vector(labels: Sequence[Any], count: int, numbers_only: bool) -> list[int] | None:
    """Return C labels as 0 and 1; None if they are not that."""
    if len(labels) == 1 and isinstance(labels[0], str):  # a cell: [1, 0, 1], or 1 0 1
        labels = re.split(r'[\s,;]+', labels[0].strip(' []'))
    elif labels and all(isinstance(label, str) for label in labels):
        labels = [label.strip('[]') for label in labels]  # [1;0;1], taken apart
    if len(labels) != count:
        return None
    if not numbers_only and all(label in ('0', '1') for label in labels):
        return [int(label) for label in labels]
    if all(isinstance(label, (int, float)) and label in (0, 1) for label in labels):
        return [int(label) for label in labels]
    return None
