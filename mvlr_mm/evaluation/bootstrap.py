"""How far mean average precision would move with other images: a bootstrap interval."""

import math
import warnings
from itertools import islice
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import embedding_bag

from ..argument_checks import check_choice, check_count
from .average_precision import AP_MODES, average_precision
from .columns import Matrix, checked, per_label
from .hits import hits_of_label
from .means import EMPTY, mean_over_labels

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
    """Return an interval for the mAP of all images like these, in [0, 1].

    Every resample draws N of the N images with replacement, for all labels alike; an
    image drawn twice counts twice. Nothing is sorted again; a label's images are sorted
    once and each resample weighs them. Memory: 4 N x ``resamples`` bytes beside the
    scores.

    Few positive images raise AP: each counts itself among those that score at least as
    high, and in a resample its copies as well. So percentiles lie too high where labels
    are rare. With mAP' the mAP in which a positive image counts half at its own score,
    and b the bias of mAP' in the resamples, the lower end starts from mAP' - b, and the
    upper end from mAP as it is, which lies inside. Both then go as many standard errors
    s of mAP' as the level asks for, the lower end as many sqrt(s^2 + b^2), since b is
    uncertain as well; on the scale of the logit. ``tests/evaluation`` holds a
    simulation of how often the mAP of very many images is inside.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap, 1993: standard
    error, section 6.2; bias and root mean square error, 10.2, 10.3 and 10.6; normal
    intervals on another scale, 12.6.

    Args:
        scores: Scores (N, C).
        targets: 1 present, 0 absent, -1 unknown, (N, C).
        mode: As for :func:`average_precision`.
        empty: What a label without a positive image does to the mean of a resample:
            ``skip`` or ``nan``: left out; ``zero``: counts as 0.
        resamples: How many.
        level: How often the interval shall hold the mAP of all such images.
        seed: Of the draws.

    Raises:
        ValueError: As for :func:`average_precision`, ``resamples`` is below 1, or
            ``level`` does not lie between 0 and 1.
    """
    check_choice('mode', mode, AP_MODES)
    check_choice('empty', empty, EMPTY)
    check_count('resamples', resamples)
    if not 0 < level < 1:
        raise ValueError(f'level ({level}) must lie between 0 and 1, such as 0.95.')
    scores, targets = checked(scores, targets)
    known = (targets >= 0).any(axis=0)
    if not known.any():
        return Interval(math.nan, math.nan)
    scores, targets = scores[:, known], targets[:, known]
    empty = 'zero' if empty == 'zero' else 'skip'
    whole = mean_over_labels(average_precision(scores, targets, mode), empty)
    once = torch.ones(len(scores), 1)
    half = _half_counted_map(scores, targets, [once], mode, empty)[0]
    drawn = _draw(len(scores), resamples, seed)
    means = _half_counted_map(scores, targets, drawn, mode, empty)
    with warnings.catch_warnings():  # resamples without any positive image are nan
        warnings.simplefilter('ignore', RuntimeWarning)
        bias, error = np.nanmean(means) - half, np.nanstd(means)
    errors = NormalDist().inv_cdf(0.5 + level / 2)
    corrected = min(max(half - bias, 0.0), 1.0)
    ends = (corrected, math.hypot(error, bias)), (whole, error)
    (low, below), (high, above) = sorted(ends)
    return Interval(_on_logit(low, -errors * below), _on_logit(high, errors * above))


def _on_logit(share: float, step: float) -> float:
    """Return a share moved by a small step, on the scale where it never leaves 0 to 1.

    The step on that scale is ``step`` over the slope share (1 - share) of the sigmoid.
    """
    slope = share * (1 - share)
    if not slope > 0:  # 0 and 1 stay, and so does nan
        return float(share)
    logit = math.log(share / (1 - share)) + step / slope
    return 0.5 * (1 + math.tanh(logit / 2))


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


def _half_counted_map(
    scores: np.ndarray,
    targets: np.ndarray,
    weights: list[Tensor],
    mode: str,
    empty: str,
) -> np.ndarray:
    """Return the mAP of every resample, (R,), an image counted half at its own score.

    Args:
        scores: Scores (N, C).
        targets: Labels (N, C).
        weights: How often each resample holds each image, parts of (N, R).
        mode: As for :func:`average_precision`.
        empty: ``skip`` or ``zero``.
    """
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

    ap = np.array(per_label(of_label, scores, targets))
    return np.array([mean_over_labels(column, empty) for column in ap.T])


def _ap_of_resamples(
    weights: Tensor,
    ranked: tuple[np.ndarray, np.ndarray],
    hits: tuple[np.ndarray, np.ndarray],
    mode: str,
) -> np.ndarray:
    """Return the AP of one label in some resamples, (R,); nan without positives.

    Args:
        weights: How often each resample holds each image, (N, R).
        ranked: Images from the highest score down, and how many of them are at or above
            each of the T points of the curve.
        hits: The same of the images that have the label.
        mode: As for :func:`average_precision`.
    """
    gain, added = _sums(weights, *hits), _sums(weights, *ranked)
    correct, predicted = gain.cumsum(axis=0), added.cumsum(axis=0)
    # at 0 where no hit is drawn: the curve has no point there
    precision = (gain > 0) * (2 * correct - gain) / np.maximum(2 * predicted - gain, 1)
    ap = AP_MODES[mode](gain, correct, precision)
    return np.where(gain.any(axis=0), ap, np.nan)


def _sums(weights: Tensor, rows: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Sum the weights of the rows between one end and the next, (T, R) float64.

    An embedding bag is this sum, and far faster than numpy's ``add.reduceat``; float32
    holds counts exactly to 16 million.
    """
    starts = np.concatenate([[0], ends[:-1]])
    rows, starts = torch.from_numpy(rows), torch.from_numpy(starts)
    return embedding_bag(rows, weights, starts, mode='sum').double().numpy()
