"""Pure arithmetic of multi-label evaluation: scores and targets in, numbers out.

Letters: N images, C labels. Scores are (N, C), of any float type; targets are (N, C)
in {0, 1}. Both may be tensors or arrays. Results are computed in float64.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor


class LabelCounts(NamedTuple):
    """What precision and recall are made of, (C,) int64 each."""

    correct: np.ndarray  # predicted and true
    predicted: np.ndarray
    actual: np.ndarray


def average_precision(
    scores: Tensor | np.ndarray, targets: Tensor | np.ndarray
) -> np.ndarray:
    """Return the non-interpolated average precision of every label, (C,), in [0, 1].

    The mean, over the positive images, of the precision among all images that score at
    least as high. So images with equal scores count together, as in scikit-learn's
    ``average_precision_score``, and the order of the rows never matters. A label
    without positives gives nan.

    Args:
        scores: Scores (N, C); higher is more likely.
        targets: Labels (N, C).

    Raises:
        ValueError: The shapes differ, a score is NaN, or a target is not 0 or 1.

    Example:
        >>> scores = np.array([[0.9], [0.8], [0.1]])
        >>> average_precision(scores, targets=np.array([[1], [0], [1]]))
        array([0.83333333])
    """
    scores, positive = _checked(scores, targets)
    result = np.full(scores.shape[1], np.nan)
    for label in np.flatnonzero(positive.any(axis=0)):
        column = scores[:, label]
        hits = np.sort(column[positive[:, label]])
        hits_above = len(hits) - np.searchsorted(hits, hits)
        all_above = len(column) - np.searchsorted(np.sort(column), hits)
        result[label] = np.mean(hits_above / all_above)
    return result


def precision_recall_f1(
    scores: Tensor | np.ndarray,
    targets: Tensor | np.ndarray,
    thr: float = 0.5,
    topk: int | None = None,
) -> dict[str, float]:
    """Return CP, CR, CF1, OP, OR and OF1 in percent, as ML-GCN and its line do.

    With Nc correct, Np predicted and Ng true images of each label:
    OP = sum Nc / sum Np, OR = sum Nc / sum Ng, CP = mean(Nc / Np), CR = mean(Nc / Ng);
    each F1 is the harmonic mean of its two. A quotient with divisor 0 counts as 0.

    Args:
        scores: Scores (N, C).
        targets: Labels (N, C).
        thr: A label is predicted where its score is at least this.
        topk: If given, it must also be among the k highest of its image; a label that
            ties with the k-th is.

    Raises:
        ValueError: As for :func:`label_counts`.
    """
    counts = label_counts(scores, targets, thr, topk)
    correct, predicted, actual = (count.sum() for count in counts)
    percent = {
        'CP': 100 * float(_ratio(counts.correct, counts.predicted).mean()),
        'CR': 100 * float(_ratio(counts.correct, counts.actual).mean()),
        'OP': 100 * float(_ratio(correct, predicted)),
        'OR': 100 * float(_ratio(correct, actual)),
    }
    percent['CF1'] = harmonic_mean(percent['CP'], percent['CR'])
    percent['OF1'] = harmonic_mean(percent['OP'], percent['OR'])
    return {key: percent[key] for key in ('CP', 'CR', 'CF1', 'OP', 'OR', 'OF1')}


def label_counts(
    scores: Tensor | np.ndarray,
    targets: Tensor | np.ndarray,
    thr: float = 0.5,
    topk: int | None = None,
) -> LabelCounts:
    """Count correct, predicted and true images of every label.

    Args:
        scores: Scores (N, C).
        targets: Labels (N, C).
        thr: As for :func:`precision_recall_f1`.
        topk: As for :func:`precision_recall_f1`.

    Raises:
        ValueError: As for :func:`average_precision`, or ``topk`` is below 1.
    """
    scores, positive = _checked(scores, targets)
    predicted = scores >= thr
    if topk is not None:
        if topk < 1:
            raise ValueError(f'topk ({topk}) must be at least 1, or None.')
        rank = max(scores.shape[1] - topk, 0)
        predicted &= scores >= np.partition(scores, rank, axis=1)[:, rank, None]
    return LabelCounts(*(x.sum(0) for x in (predicted & positive, predicted, positive)))


def harmonic_mean(a: float, b: float) -> float:
    """Return 2ab / (a + b), and 0 where both are 0."""
    return 2 * a * b / (a + b) if a + b else 0.0


def _ratio(count: np.ndarray, total: np.ndarray) -> np.ndarray:
    """Divide, in float64, and give 0 where ``total`` is 0."""
    return count / np.maximum(total, 1)


def _checked(
    scores: Tensor | np.ndarray, targets: Tensor | np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return float scores and bool targets as arrays (N, C)."""
    scores, targets = _array(scores), _array(targets)
    if scores.ndim != 2 or scores.shape != targets.shape or not scores.size:
        raise ValueError(
            f'scores {scores.shape} and targets {targets.shape} must have the same '
            'shape (N, C), not empty.'
        )
    if np.isnan(scores).any():
        row, label = np.argwhere(np.isnan(scores))[0]
        raise ValueError(
            f'scores contain NaN, first in row {row}, label {label}: the model has '
            'diverged, or a picture is broken.'
        )
    positive = targets == 1
    if not (positive | (targets == 0)).all():
        raise ValueError(
            f'targets must be 0 or 1; found {np.unique(targets[~positive])[:5]}.'
        )
    return scores, positive


def _array(values: Tensor | np.ndarray) -> np.ndarray:
    if not isinstance(values, Tensor):
        return np.asarray(values)
    values = values.detach().cpu()
    # numpy has no bfloat16, and float32 holds each of its values
    return (values.float() if values.dtype == torch.bfloat16 else values).numpy()
