"""Which errors of a model come in the same images."""

from typing import NamedTuple

import numpy as np

from .counts import Decisions

_CELLS = 2**20  # pairs that are counted at once


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
    return (_countable(first).T @ _countable(second)).astype(np.int64)


def _countable(errors: np.ndarray) -> np.ndarray:
    # BLAS multiplies no integers; float32 holds the whole numbers up to 2**24
    kind = np.float32 if len(errors) <= 2**24 else np.float64
    return errors.astype(kind, copy=False)


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
    labels = second.shape[1]
    totals = first.sum(0), second.sum(0)
    same = first is second
    # converted once; all pairs at once would take gigabytes for 10,000 labels
    first, second = (_countable(errors) for errors in (first, second))
    best: list[tuple[float, ErrorPair]] = []
    height = max(_CELLS // max(labels, 1), 1)
    for top in range(0, labels, height):
        counts = error_counts(first[:, top : top + height], second)
        expected = np.outer(totals[0][top : top + height], totals[1])
        expected = expected / max(len(first), 1)
        beyond = counts - expected
        kept = (counts >= least) & (beyond > 0)
        rows = np.arange(top, top + len(kept))[:, None]
        kept &= rows < np.arange(labels) if same else rows != np.arange(labels)
        rows, columns = np.nonzero(kept)
        order = np.argsort(-beyond[kept], kind='stable')[:most]
        best += [
            (float(beyond[i, j]), ErrorPair(int(i) + top, int(j), int(n), float(e)))
            for i, j, n, e in zip(
                rows[order],
                columns[order],
                counts[kept][order],
                expected[kept][order],
                strict=True,
            )
        ]
        best = sorted(best, key=lambda found: -found[0])[:most]
    return [pair for _, pair in best]
