"""Decide which labels are predicted, and count them."""

from typing import NamedTuple

import numpy as np

from ..argument_checks import check_count
from .columns import Matrix, checked


class LabelCounts(NamedTuple):
    """What precision and recall are made of, (C,) int64 each."""

    correct: np.ndarray  # predicted and true
    predicted: np.ndarray
    actual: np.ndarray
    known: np.ndarray  # images where the label is known


class Decisions(NamedTuple):
    """Predictions beside the truth, (N, C) bool each; all false where unknown."""

    predicted: np.ndarray
    actual: np.ndarray
    known: np.ndarray


def decide(
    scores: Matrix,
    targets: Matrix,
    thr: float | np.ndarray | None = 0.5,
    topk: int | None = None,
    must_exceed: bool = False,
) -> Decisions:
    """Decide which labels are predicted.

    Args:
        scores: Scores (N, C).
        targets: 1 present, 0 absent, -1 unknown and left out, (N, C).
        thr: A label is predicted where its score is at least this, or where it is at
            least its own threshold, (C,). Compared in float64. None: without.
        topk: If given, a label must also be among the k highest of its image; one that
            ties with the k-th is, so that the order of the labels never matters.
        must_exceed: The score must lie above the threshold.

    Raises:
        ValueError: As for :func:`average_precision`; ``thr`` is nan or not C long;
            ``topk`` is below 1; both are None.
    """
    scores, targets = checked(scores, targets)
    if thr is None and topk is None:
        raise ValueError('thr and topk are both None; give one, or both.')
    known = targets >= 0
    predicted = known
    if thr is not None:
        thr = _thresholds(thr, scores.shape[1])
        predicted = predicted & (scores > thr if must_exceed else scores >= thr)
    if topk is not None:
        check_count('topk', topk)
        rank = max(scores.shape[1] - topk, 0)
        kth = np.partition(scores, rank, axis=1)[:, rank, None]
        predicted = predicted & (scores >= kth)
    return Decisions(predicted, targets == 1, known)


def label_counts(
    scores: Matrix,
    targets: Matrix,
    thr: float | np.ndarray | None = 0.5,
    topk: int | None = None,
    must_exceed: bool = False,
) -> LabelCounts:
    """Count correct, predicted, true and known images of every label.

    Args:
        scores: As for :func:`decide`, and so are the others.
        targets: Labels (N, C).
        thr: One threshold, one for each label, or None.
        topk: How many labels of an image, or None.
        must_exceed: The score must lie above the threshold.

    Raises:
        ValueError: As for :func:`decide`.
    """
    return counts_of(decide(scores, targets, thr, topk, must_exceed))


def counts_of(decisions: Decisions) -> LabelCounts:
    """Return the counts of decisions."""
    predicted, actual, known = decisions
    correct = predicted & actual
    return LabelCounts(*(x.sum(axis=0) for x in (correct, predicted, actual, known)))


def known_labels(counts: LabelCounts) -> LabelCounts:
    """Return the counts without the labels of which nothing is known."""
    known = counts.known > 0
    return counts if known.all() else LabelCounts(*(count[known] for count in counts))


def _thresholds(thr: float | np.ndarray, labels: int) -> np.ndarray:
    """Return thresholds in float64, (C,).

    Never a number or (): numpy before 2.0 rounds those to the type of the scores.
    """
    thr = np.asarray(thr, dtype=np.float64)
    if thr.shape not in ((), (labels,)):
        raise ValueError(
            f'thr has shape {thr.shape}; give one number, or one for each of the '
            f'{labels} labels.'
        )
    if np.isnan(thr).any():
        raise ValueError('thr is nan; give numbers, and inf for "never".')
    return np.broadcast_to(thr, (labels,))
