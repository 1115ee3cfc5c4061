"""How far mean average precision would move with other images: a bootstrap interval."""

import warnings
from itertools import islice
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import embedding_bag

from ..argument_checks import check_choice
from .average_precision import AP_MODES
from .columns import Matrix, checked, per_label
from .hits import hits_of_label
from .means import EMPTY

AT_ONCE = 64  # resamples whose curves are in memory together


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
    them. Memory: 4 N x ``resamples`` bytes beside the scores.

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
    scores, targets = checked(scores, targets)
    weights = _draw(len(scores), resamples, seed)
    ap = _weighted_ap(scores, targets, weights, mode)[(targets >= 0).any(axis=0)]
    if empty == 'zero':
        ap = np.nan_to_num(ap)
    with warnings.catch_warnings():  # resamples without any positive image are nan
        warnings.simplefilter('ignore', RuntimeWarning)
        means = np.nanmean(ap, axis=0)
        tail = 50 * (1 - level)
        return Interval(*map(float, np.nanpercentile(means, (tail, 100 - tail))))


def _draw(images: int, resamples: int, seed: int) -> list[Tensor]:
    """Return how often each resample holds each image, in parts (N, AT_ONCE)."""
    rng = np.random.default_rng(seed)
    counts = (
        np.bincount(rng.integers(images, size=images), minlength=images)
        for _ in range(resamples)
    )
    parts = []
    while columns := list(islice(counts, AT_ONCE)):
        parts.append(torch.from_numpy(np.stack(columns, axis=1).astype(np.float32)))
    return parts


def _weighted_ap(
    scores: Matrix, targets: Matrix, weights: list[Tensor], mode: str
) -> np.ndarray:
    """Return the AP of every label in every resample, (C, R); nan without positives."""
    images = np.arange(len(scores))

    def of_label(
        column: np.ndarray, positive: np.ndarray, rows: np.ndarray | slice
    ) -> np.ndarray:
        _, correct, predicted = hits_of_label(column, positive)
        if not len(correct):
            return np.full(sum(part.shape[1] for part in weights), np.nan)
        # a point of the curve for every distinct score among the hits
        predicted, first = np.unique(predicted, return_index=True)
        order = np.argsort(-column, kind='stable')[: predicted[-1]]
        ranked = images[rows][order]
        points = (ranked, predicted), (ranked[positive[order]], correct[first])
        return np.concatenate([_ap_of_resamples(w, *points, mode) for w in weights])

    return np.array(per_label(of_label, scores, targets))


def _ap_of_resamples(
    weights: Tensor,
    ranked: tuple[np.ndarray, np.ndarray],
    hits: tuple[np.ndarray, np.ndarray],
    mode: str,
) -> np.ndarray:
    """Return the AP of one label in some resamples, (R,).

    Args:
        weights: How often each resample holds each image, (N, R).
        ranked: Images from the highest score down, and how many of them are at or above
            each of the T points of the curve.
        hits: The same of the images that have the label.
        mode: As for :func:`average_precision`.
    """
    gain, added = _sums(weights, *hits), _sums(weights, *ranked)
    ap = AP_MODES[mode](gain, gain.cumsum(axis=0), added.cumsum(axis=0))
    return np.where(gain.any(axis=0), ap, np.nan)


def _sums(weights: Tensor, rows: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Sum the weights of the rows between one end and the next, (T, R) float64.

    An embedding bag is this sum, and far faster than numpy's ``add.reduceat``; float32
    holds counts exactly to 16 million.
    """
    starts = np.concatenate([[0], ends[:-1]])
    rows, starts = torch.from_numpy(rows), torch.from_numpy(starts)
    return embedding_bag(rows, weights, starts, mode='sum').double().numpy()
