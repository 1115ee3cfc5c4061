"""Search a threshold for every label, or one for all."""

from typing import NamedTuple

import numpy as np

from ..argument_checks import check_choice
from .columns import Matrix, checked, per_label
from .hits import hits_of_label

SEARCHES = ('f1', 'fbeta', 'precision')


class Thresholds(NamedTuple):
    """A threshold for each label, and what it reaches on the searched images.

    All are (C,) float64. A label without a positive image has nan; one that never
    reaches the wanted precision has the threshold inf, which predicts nothing.
    """

    threshold: np.ndarray
    precision: np.ndarray
    recall: np.ndarray


def search_thresholds(
    scores: Matrix, targets: Matrix, by: str = 'f1', level: float | None = None
) -> Thresholds:
    """Return the best threshold of every label.

    It lies midway between two scores that occur, so the same images are predicted
    whether a score has to reach it or to exceed it. Of equally good ones it is the
    highest.

    Args:
        scores: Scores (N, C), of the validation set: a threshold searched on the test
            set flatters the result.
        targets: 1 present, 0 absent, -1 unknown and left out, (N, C).
        by: ``f1``: the highest F1; ``fbeta``: the highest F-beta, which weighs recall
            beta times as much as precision; ``precision``: the highest recall among
            thresholds whose precision is at least ``level``.
        level: beta, positive; or the precision, in (0, 1]. None for ``f1``.

    Raises:
        ValueError: As for :func:`average_precision`, ``by`` is unknown, or ``level``
            does not suit it.
    """
    check_choice('by', by, SEARCHES)
    _check_level(by, level)

    def of_label(
        column: np.ndarray, positive: np.ndarray, _: np.ndarray | slice
    ) -> tuple[float, float, float]:
        hits, correct, predicted = hits_of_label(column, positive)
        if not len(hits):
            return np.nan, np.nan, np.nan
        # between two hits more is predicted and nothing gained: only hits matter
        if by == 'precision':
            # divided, 7 of 25 is the 0.28 that one writes; 0.28 * 25 is above 7
            good = np.flatnonzero(correct / predicted >= level)
            if not len(good):
                return np.inf, 0.0, 0.0
            best = good[-1]
        else:
            weight = 1.0 if level is None else level**2
            best = np.argmax((1 + weight) * correct / (weight * len(hits) + predicted))
        precision, recall = correct[best] / predicted[best], correct[best] / len(hits)
        return _just_below(hits[best], column), float(precision), float(recall)

    return Thresholds(*np.array(per_label(of_label, scores, targets)).T)


def global_threshold(
    scores: Matrix, targets: Matrix, by: str = 'f1', level: float | None = None
) -> Thresholds:
    """Return the best single threshold for all labels, over all decisions, (1,) each.

    Args:
        scores: As for :func:`search_thresholds`, and so are the others.
        targets: Labels (N, C).
        by: What to search; ``f1`` is OF1 here.
        level: Of the search.

    Raises:
        ValueError: As for :func:`search_thresholds`.
    """
    flat = (matrix.reshape(-1, 1) for matrix in checked(scores, targets))
    return search_thresholds(*flat, by, level)


def _just_below(score: float, column: np.ndarray) -> float:
    """Return the middle between a score and the next lower one, in float64."""
    score = float(score)
    lower = column[column < score]
    if not len(lower):
        return float(np.nextafter(score, -np.inf))
    below = float(lower.max())
    middle = below + (score - below) / 2
    return middle if middle > below else score


def _check_level(by: str, level: float | None) -> None:
    rules = {
        'f1': ('None', level is None),
        'fbeta': ('positive, such as 2', level is not None and level > 0),
        'precision': ('in (0, 1], such as 0.9', level is not None and 0 < level <= 1),
    }
    rule, kept = rules[by]
    if not kept:
        raise ValueError(f'level ({level}) must be {rule} for by={by!r}.')
