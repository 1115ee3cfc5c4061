"""Precision against recall, threshold by threshold."""

from typing import NamedTuple

import numpy as np

from .columns import Matrix, per_label
from .hits import hits_of_label


class Curve(NamedTuple):
    """One label's curve, from the highest threshold to the lowest, (P,) each.

    A point for each of the P images that have the label: what is reached where the
    threshold is that image's score.
    """

    threshold: np.ndarray
    precision: np.ndarray
    recall: np.ndarray


def precision_recall_curves(scores: Matrix, targets: Matrix) -> list[Curve]:
    """Return the curve of every label; one without positive images has no point.

    Args:
        scores: Scores (N, C).
        targets: 1 present, 0 absent, -1 unknown and left out, (N, C).

    Raises:
        ValueError: As for :func:`average_precision`.
    """

    def of_label(
        column: np.ndarray, positive: np.ndarray, _: np.ndarray | slice
    ) -> Curve:
        hits, correct, predicted = hits_of_label(column, positive)
        return Curve(hits, correct / predicted, correct / len(hits))

    return per_label(of_label, scores, targets)
