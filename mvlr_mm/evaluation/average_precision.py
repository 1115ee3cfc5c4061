"""Average precision: one curve of precision and recall, three ways to sum it up.

Images with equal scores enter the curve together, since no threshold parts them; so
the order of the rows never matters. The published programs follow the order of the
rows where scores are equal, and give these numbers where none are.
"""

from collections.abc import Callable

import numpy as np

from ..argument_checks import check_choice
from .columns import Matrix, per_label
from .hits import hits_of_label
from .means import EMPTY


def average_precision(
    scores: Matrix, targets: Matrix, mode: str = 'noninterpolated', empty: str = 'nan'
) -> np.ndarray:
    """Return the average precision of every label, (C,) float64 in [0, 1].

    Modes, with P positive images, and precision and recall taken at a hit, which is a
    positive image, among all images that score at least as high:

    - ``noninterpolated`` (ML-GCN, ASL, mmpretrain): the mean of the precision over
      the hits. ASL divides by P + 1e-8 instead of P.
    - ``sklearn``: the sum of precision times the step of recall, over the distinct
      scores. The same number, once equal scores count together.
    - ``voc07``: the mean, over recalls 0, 0.1, ... 1, of the highest precision at that
      recall or more. Recalls are compared as whole numbers, 10 hits >= j P, where
      programs in floating point can miss an equality.
    - ``voc10`` (VOC 2010 to 2012, Q2L, SALGL): the mean, over the hits, of the highest
      precision at that hit's recall or more; the area below the envelope.

    Args:
        scores: Scores (N, C), of any type of number; higher is more likely.
        targets: 1 present, 0 absent, -1 unknown and left out, (N, C).
        mode: One of the modes above.
        empty: What a label without a positive image gets: ``zero``, or ``nan``.
            ``skip`` is nan too, which :func:`mean_over_labels` leaves out.

    Raises:
        ValueError: ``mode`` or ``empty`` is unknown, the shapes differ, a score is NaN,
            or a target is none of -1, 0, 1.

    Example:
        >>> scores = np.array([[0.9], [0.8], [0.1]])
        >>> average_precision(scores, targets=np.array([[1], [0], [1]]))
        array([0.83333333])
    """
    check_choice('mode', mode, AP_MODES)
    check_choice('empty', empty, EMPTY)
    summarise = AP_MODES[mode]
    missing = 0.0 if empty == 'zero' else np.nan

    def of_label(
        column: np.ndarray, positive: np.ndarray, _: np.ndarray | slice
    ) -> float:
        _, correct, predicted = hits_of_label(column, positive)
        if not len(correct):
            return missing
        return float(summarise(np.ones(len(correct)), correct, correct / predicted))

    return np.array(per_label(of_label, scores, targets))


def sum_of_steps(
    gain: np.ndarray, correct: np.ndarray, precision: np.ndarray
) -> np.ndarray:
    """Return the mean precision over the hits.

    The same for all three sums: points of the curve run along the first axis, from the
    highest score to the lowest; any further axis is of independent curves.

    Args:
        gain: Hits that each point adds, (T, ...).
        correct: Hits at or above each point, (T, ...).
        precision: At each point, (T, ...).

    Returns:
        The average precision, (...); 0 where the gains are all 0.
    """
    return _mean(gain, precision)


def eleven_points(
    gain: np.ndarray, correct: np.ndarray, precision: np.ndarray
) -> np.ndarray:
    """Return the mean of the envelope at eleven recalls; see :func:`sum_of_steps`."""
    envelope = _envelope(precision)
    total = gain.sum(axis=0)
    total_above = [
        np.take_along_axis(
            envelope, (10 * correct >= step * total).argmax(axis=0)[None], axis=0
        )[0]
        for step in range(11)
    ]
    return np.where(total > 0, np.mean(total_above, axis=0), 0.0)


def area_of_envelope(
    gain: np.ndarray, correct: np.ndarray, precision: np.ndarray
) -> np.ndarray:
    """Return the mean of the envelope over the hits; see :func:`sum_of_steps`."""
    return _mean(gain, _envelope(precision))


AP_MODES: dict[str, Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]] = {
    'noninterpolated': sum_of_steps,
    'sklearn': sum_of_steps,
    'voc07': eleven_points,
    'voc10': area_of_envelope,
}


def _envelope(precision: np.ndarray) -> np.ndarray:
    """Return the highest precision at each point or any later one, (T, ...)."""
    return np.maximum.accumulate(precision[::-1], axis=0)[::-1]


def _mean(gain: np.ndarray, values: np.ndarray) -> np.ndarray:
    return (gain * values).sum(axis=0) / np.maximum(gain.sum(axis=0), 1)
