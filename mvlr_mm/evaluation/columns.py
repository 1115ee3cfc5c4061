"""Read scores and targets: as checked arrays, or label by label, in threads."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

Matrix = Tensor | np.ndarray
Result = TypeVar('Result')

BLOCK = 16  # labels copied at once: float32 scores of one image fill a cache line


def per_label(
    function: Callable[[np.ndarray, np.ndarray, np.ndarray | slice], Result],
    scores: Matrix,
    targets: Matrix,
) -> list[Result]:
    """Call a function on the known entries of every label.

    Labels are copied in blocks, so that memory stays near that of the scores, and
    blocks run in as many threads as torch uses.

    Args:
        function: Takes the scores (n,) of one label; whether each image has it, (n,)
            bool; and which of the N images these are, an index into them. The label is
            known in n of them.
        scores: Scores (N, C), of any type of number.
        targets: 1 present, 0 absent, -1 unknown, (N, C).

    Returns:
        What the function returned for each of the C labels.

    Raises:
        ValueError: The shapes differ, a score is NaN, or a target is none of -1, 0, 1.
    """
    scores, targets = _same_shape(scores, targets)

    def run(first: int) -> list[Result]:
        block = slice(first, first + BLOCK)
        columns = np.ascontiguousarray(_as_float(scores[:, block]).T)
        _refuse_nan(columns.T, first)
        present, known = _states(targets[:, block], first)
        positive = np.ascontiguousarray(present.T)
        everywhere = [slice(None)] * len(columns)
        rows_of = everywhere if known is None else np.ascontiguousarray(known.T)
        return [
            function(column[rows], hits[rows], rows)
            for column, hits, rows in zip(columns, positive, rows_of, strict=True)
        ]

    with ThreadPoolExecutor(torch.get_num_threads()) as pool:
        parts = list(pool.map(run, range(0, scores.shape[1], BLOCK)))
    return [result for part in parts for result in part]


def checked(scores: Matrix, targets: Matrix) -> tuple[np.ndarray, np.ndarray]:
    """Return float scores and int8 targets, (N, C) each.

    Raises:
        ValueError: As for :func:`per_label`.
    """
    scores, targets = _same_shape(scores, targets)
    scores = _as_float(scores)
    _refuse_nan(scores)
    _states(targets)
    return scores, targets.astype(np.int8)


def _same_shape(scores: Matrix, targets: Matrix) -> tuple[Matrix, Matrix]:
    scores, targets = _on_cpu(scores), _on_cpu(targets)
    shapes = tuple(scores.shape), tuple(targets.shape)
    if len(shapes[0]) != 2 or shapes[0] != shapes[1] or 0 in shapes[0]:
        raise ValueError(
            f'scores {shapes[0]} and targets {shapes[1]} must have the same '
            'shape (N, C), not empty.'
        )
    return scores, _as_array(targets)


def _on_cpu(values: Matrix) -> Matrix:
    return values.detach().cpu() if isinstance(values, Tensor) else np.asarray(values)


def _as_float(scores: Matrix) -> np.ndarray:
    """Return an array of floats; whole numbers, which may have no sign, as float64."""
    scores = _as_array(scores)
    return scores if scores.dtype.kind == 'f' else scores.astype(np.float64)


def _as_array(values: Matrix) -> np.ndarray:
    """Return an array; float32 for the short types, which holds each of their values.

    numpy has no bfloat16, and sorts float32 faster than float16.
    """
    if isinstance(values, Tensor):
        short = values.dtype in (torch.bfloat16, torch.float16)
        return (values.float() if short else values).numpy()
    return values.astype(np.float32) if values.dtype == np.float16 else values


def _refuse_nan(scores: np.ndarray, first: int = 0) -> None:
    # the maximum is NaN if any score is, and takes no memory to find
    if np.isnan(scores.max()):
        row, label = np.argwhere(np.isnan(scores))[0]
        raise ValueError(
            f'scores contain NaN, first in row {row}, label {first + label}: the model '
            'has diverged, or a picture is broken.'
        )


def _states(
    targets: np.ndarray, first: int = 0
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return where a label is present and where it is known; None for everywhere.

    Raises:
        ValueError: A target is none of -1, 0 and 1.
    """
    targets = np.ascontiguousarray(targets)
    present, absent = targets == 1, targets == 0
    if np.count_nonzero(present) + np.count_nonzero(absent) == present.size:
        return present, None
    known = present | absent
    wrong = ~(known | (targets == -1))
    if wrong.any():
        row, label = np.argwhere(wrong)[0]
        raise ValueError(
            'targets must be 1 (present), 0 (absent) or -1 (unknown); found '
            f'{targets[row, label]} in row {row}, label {first + label}.'
        )
    return present, known
