"""Labels with a third state: there, absent, or left out."""

from collections.abc import Iterable

import numpy as np


def label_states(
    count: int, present: Iterable[int], left_out: Iterable[int] | np.ndarray
) -> np.ndarray:
    """Return the state of each of C labels as ``gt_score`` holds it, (C,) int8.

    1 is there, 0 is absent, and -1 is what losses and metrics leave out: nobody knows,
    or a protocol says so.

    Args:
        count: C.
        present: Indices of the labels that are there.
        left_out: Indices of those that are left out, or which they are, (C,) bool.
    """
    states = np.zeros(count, dtype=np.int8)
    states[left_out if isinstance(left_out, np.ndarray) else list(left_out)] = -1
    states[list(present)] = 1
    return states
