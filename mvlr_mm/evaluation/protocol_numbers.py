"""All numbers of a protocol."""

from collections.abc import Callable

import numpy as np

from .average_precision import average_precision
from .bootstrap import map_interval
from .columns import Matrix, checked
from .counts import Decisions, counts_of, decide, label_counts
from .f1 import summarise
from .instances import hamming_loss, instance_metrics, mean_accuracy, subset_accuracy
from .means import mean_over_labels
from .protocols import Protocol
from .ranking import ranking_metrics


def evaluate(
    scores: Matrix,
    targets: Matrix,
    protocol: Protocol,
    thresholds: np.ndarray | None = None,
    resamples: int = 0,
    seed: int = 0,
) -> dict[str, float]:
    """Return all numbers of a protocol, in percent, but for ``coverage``.

    Labels, and images, of which nothing is known are left out of all of them.

    Args:
        scores: Scores (N, C).
        targets: 1 present, 0 absent, -1 unknown, (N, C).
        protocol: What to compute.
        thresholds: One for each label, (C,), in place of the protocol's ``thr``.
        resamples: If positive, ``mAP-low`` and ``mAP-high`` are the 95 % bootstrap
            interval of mAP, from this many resamples.
        seed: Of the resamples.

    Raises:
        ValueError: As for :func:`average_precision` and :func:`decide`.
    """
    scores, targets = checked(scores, targets)
    ap = average_precision(scores, targets, protocol.ap)
    known = (targets >= 0).any(axis=0)
    numbers = {'mAP': 100 * mean_over_labels(ap[known], protocol.empty)}
    if resamples:
        options = (protocol.ap, protocol.empty, resamples)
        interval = map_interval(scores, targets, *options, seed=seed)
        numbers['mAP-low'], numbers['mAP-high'] = (100 * end for end in interval)
    thr = protocol.thr if thresholds is None else thresholds
    numbers |= decision_numbers(scores, targets, protocol, thr)
    if protocol.topk is not None:
        thr_of_top = thr if protocol.topk_thr else None
        top = decision_numbers(scores, targets, protocol, thr_of_top, protocol.topk)
        numbers |= {f'top{protocol.topk}-{key}': value for key, value in top.items()}
    targets = targets_of_decisions(targets, protocol)
    return numbers | _more(scores, targets, protocol, thr)


def decision_numbers(
    scores: np.ndarray,
    targets: np.ndarray,
    protocol: Protocol,
    thr: float | np.ndarray | None,
    topk: int | None = None,
) -> dict[str, float]:
    """Return CP, CR, CF1, OP, OR and OF1 of a protocol, in percent.

    Args:
        scores: Scores (N, C).
        targets: 1 present, 0 absent, -1 unknown, (N, C).
        protocol: What to compute.
        thr: In place of the protocol's: one threshold, one for each label, or None.
        topk: How many labels of an image, or None.
    """
    targets = targets_of_decisions(targets, protocol)
    options = (thr, topk, protocol.equal_is_too_low)
    return summarise(label_counts(scores, targets, *options), protocol.family)


def targets_of_decisions(targets: np.ndarray, protocol: Protocol) -> np.ndarray:
    """Return the targets that precision, recall and F1 are computed on."""
    return targets if protocol.unknown == 'skip' else np.maximum(targets, 0)


def _more(
    scores: np.ndarray,
    targets: np.ndarray,
    protocol: Protocol,
    thr: float | np.ndarray,
) -> dict[str, float]:
    """Return the numbers that ``protocol.more`` asks for."""
    if not protocol.more:
        return {}
    decisions = decide(scores, targets, thr, must_exceed=protocol.equal_is_too_low)
    groups: dict[str, Callable[[Decisions], dict[str, float]]] = {
        'attributes': lambda d: {
            'mA': mean_accuracy(counts_of(d)),
            **instance_metrics(d),
        },
        'sets': lambda d: {
            'hamming-loss': hamming_loss(d),
            'subset-accuracy': subset_accuracy(d),
        },
        'ranking': lambda _: ranking_metrics(scores, targets),
    }
    numbers: dict[str, float] = {}
    for group in protocol.more:
        numbers |= groups[group](decisions)
    return numbers
