"""Quotients and means, and what they are where there is nothing to divide by."""

import numpy as np

from ..argument_checks import check_choice

EMPTY = ('skip', 'zero', 'nan')  # what a label without a value does to a mean


def ratio(count: np.ndarray, total: np.ndarray) -> np.ndarray:
    """Divide, in float64, and give 0 where ``total`` is 0."""
    return count / np.maximum(total, 1)


def mean(values: np.ndarray) -> float:
    """Return the mean, and nan without values."""
    return float(values.mean()) if len(values) else float('nan')


def harmonic_mean(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return 2ab / (a + b), and 0 where both are 0."""
    total = np.asarray(a + b)
    return 2 * a * b / np.where(total > 0, total, 1.0)


def mean_over_labels(values: np.ndarray, empty: str = 'skip') -> float:
    """Return the mean over the labels.

    Args:
        values: A number for each label, (C,); nan where there is none.
        empty: ``skip`` leaves nan out, so the mean is nan if nothing remains; ``zero``
            counts it as 0; ``nan`` makes the mean nan.

    Raises:
        ValueError: ``empty`` is unknown.
    """
    check_choice('empty', empty, EMPTY)
    if empty == 'zero':
        values = np.nan_to_num(values)
    kept = values[~np.isnan(values)] if empty == 'skip' else values
    return float(kept.mean()) if len(kept) else float('nan')
