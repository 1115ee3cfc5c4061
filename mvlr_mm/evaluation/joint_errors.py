"""Which errors of a model come in the same images."""

from typing import NamedTuple

import numpy as np

from .counts import Decisions


class ErrorPair(NamedTuple):
    """Two errors, and in how many images they come together."""

    first: int  # label
    second: int  # label
    count: int
    expected: float  # images, if the one error had nothing to do with the other


def error_counts(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return in how many images two errors come together, (C, C) int64.

    Args:
        first: Where the first error is made, (N, C) bool: its labels are the rows.
        second: The same of the second error, whose labels are the columns.
    """
    # BLAS multiplies no integers; float32 holds the whole numbers up to 2**24
    kind = np.float32 if len(first) <= 2**24 else np.float64
    return (first.T.astype(kind) @ second.astype(kind)).astype(np.int64)


def missed_and_wrong(decisions: Decisions) -> tuple[np.ndarray, np.ndarray]:
    """Return where a label is missed and where it is wrong, (N, C) bool each."""
    predicted, actual, _ = decisions
    return actual & ~predicted, predicted & ~actual


def pairs_beyond_chance(
    first: np.ndarray, second: np.ndarray, most: int, least: int = 2
) -> list[ErrorPair]:
    """Return the pairs that come together more often than they would by chance.

    Those with the most images beyond what is expected come first.

    Args:
        first: Where an error is made, (N, C) bool.
        second: The same of another error; where it is the same array, each pair of
            labels counts once.
        most: How many pairs at most.
        least: Images of a pair, at least.
    """
    counts = error_counts(first, second)
    expected = np.outer(first.sum(0), second.sum(0)) / max(len(first), 1)
    beyond = counts - expected
    kept = (counts >= least) & (beyond > 0)
    kept &= ~np.eye(len(kept), dtype=bool)
    if first is second:
        kept &= np.triu(kept)
    rows, columns = np.nonzero(kept)
    order = np.argsort(-beyond[kept], kind='stable')[:most]
    return [
        ErrorPair(int(i), int(j), int(counts[i, j]), float(expected[i, j]))
        for i, j in zip(rows[order], columns[order], strict=True)
    ]
