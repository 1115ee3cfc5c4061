"""How far mean average precision would move with other images: a bootstrap interval."""

import warnings
from typing import NamedTuple

import numpy as np

from .average_precision import AP_MODES, EMPTY, check_choice, hits_of_label
from .columns import Matrix, per_label

AT_ONCE = 64  # resamples in memory as numbers; all wait as single bytes


class Interval(NamedTuple):
    """Both ends of an interval, in the units of its value."""

    low: float
    high: float


def map_interval(
    scores: Matrix,
    targets: Matrix,
    mode: str = 'noninterpolated',
    empty: str = 'skip',
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Interval:
    """Return the percentile bootstrap interval of mAP over the images, in [0, 1].

    Every resample draws N of the N images with replacement, for all labels alike, and
    follows :func:`average_precision` to the letter: an image drawn twice counts twice.
    Nothing is sorted again; a label's images are sorted once and each resample weighs
    them. Memory: N x ``resamples`` bytes beside the scores.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap, 1993, section 13.3.

    Args:
        scores: Scores (N, C).
        targets: 1 present, 0 absent, -1 unknown, (N, C).
        mode: As for :func:`average_precision`.
        empty: What a label without a positive image does to the mean of a resample:
            ``skip`` or ``nan``: left out; ``zero``: counts as 0.
        resamples: How many.
        level: Share of the resamples inside the interval.
        seed: Of the draws.

    Raises:
        ValueError: As for :func:`average_precision`, ``resamples`` is below 1, or
            ``level`` does not lie between 0 and 1.
    """
    check_choice('mode', mode, AP_MODES)
    check_choice('empty', empty, EMPTY)
    if resamples < 1:
        raise ValueError(f'resamples ({resamples}) must be at least 1.')
    if not 0 < level < 1:
        raise ValueError(f'level ({level}) must lie between 0 and 1, such as 0.95.')
    weights = _draw(len(scores), resamples, seed)
    ap = _weighted_ap(scores, targets, weights, mode)
    if empty == 'zero':
        ap = np.nan_to_num(ap)
    with warnings.catch_warnings():  # resamples without any positive image are nan
        warnings.simplefilter('ignore', RuntimeWarning)
        means = np.nanmean(ap, axis=0)
        tail = 50 * (1 - level)
        return Interval(*map(float, np.nanpercentile(means, (tail, 100 - tail))))


def _draw(images: int, resamples: int, seed: int) -> np.ndarray:
    """Return how often each resample holds each image, (N, R) uint8.

    A count follows Poisson's law with mean 1: it never leaves the eight bits.
    """
    rng = np.random.default_rng(seed)
    weights = np.empty((images, resamples), np.uint8)
    for i in range(resamples):
        drawn = rng.integers(images, size=images)
        weights[:, i] = np.bincount(drawn, minlength=images)
    return weights


def _weighted_ap(
    scores: Matrix, targets: Matrix, weights: np.ndarray, mode: str
) -> np.ndarray:
    """Return the AP of every label in every resample, (C, R); nan without positives."""

    def of_label(
        column: np.ndarray, positive: np.ndarray, rows: np.ndarray | slice
    ) -> np.ndarray:
        _, correct, predicted = hits_of_label(column, positive)
        if not len(correct):
            return np.full(weights.shape[1], np.nan)
        # a point of the curve for every distinct score among the hits
        predicted, first = np.unique(predicted, return_index=True)
        correct = correct[first]
        order = np.argsort(-column, kind='stable')
        drawn = weights[rows]
        parts = [
            _ap_of_resamples(
                drawn[order[: predicted[-1]], part : part + AT_ONCE],
                positive[order[: predicted[-1]]],
                correct,
                predicted,
                mode,
            )
            for part in range(0, weights.shape[1], AT_ONCE)
        ]
        return np.concatenate(parts)

    return np.array(per_label(of_label, scores, targets))


def _ap_of_resamples(
    weights: np.ndarray,
    positive: np.ndarray,
    correct: np.ndarray,
    predicted: np.ndarray,
    mode: str,
) -> np.ndarray:
    """Return the AP of one label in some resamples, (R,).

    Args:
        weights: How often each image was drawn, from the highest score down, (n, R).
        positive: Whether each of these images has the label, (n,).
        correct: Hits at or above each of T points, undrawn, (T,).
        predicted: Images at or above each point, undrawn, (T,).
        mode: As for :func:`average_precision`.
    """
    gain = _sums(weights[positive], correct)
    ap = AP_MODES[mode](
        gain, gain.cumsum(axis=0), _sums(weights, predicted).cumsum(axis=0)
    )
    return np.where(gain.any(axis=0), ap, np.nan)


def _sums(weights: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Sum rows between one end and the next, (T, R) int32."""
    starts = np.concatenate([[0], ends[:-1]])
    return np.add.reduceat(weights, starts, axis=0, dtype=np.int32)
