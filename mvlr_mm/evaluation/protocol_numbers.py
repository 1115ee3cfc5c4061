"""All numbers of a protocol."""

from collections.abc import Callable

import numpy as np

from .average_precision import average_precision
from .bootstrap import map_interval
from .columns import Matrix, checked
from .counts import Decisions, LabelCounts, decide, label_counts
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
    targets = targets_of_decisions(targets, protocol)
    thr = protocol.thr if thresholds is None else thresholds
    counts = label_counts(scores, targets, thr, must_exceed=protocol.equal_is_too_low)
    numbers |= summarise(counts, protocol.family)
    if protocol.topk is not None:
        thr_of_top = thr if protocol.topk_thr else None
        options = (thr_of_top, protocol.topk, protocol.equal_is_too_low)
        top = summarise(label_counts(scores, targets, *options), protocol.family)
        numbers |= {f'top{protocol.topk}-{key}': value for key, value in top.items()}
    return numbers | _more(scores, targets, protocol, thr, counts)


def targets_of_decisions(targets: np.ndarray, protocol: Protocol) -> np.ndarray:
    """Return the targets that precision, recall and F1 are computed on."""
    return targets if protocol.unknown == 'skip' else np.maximum(targets, 0)


def _more(
    scores: np.ndarray,
    targets: np.ndarray,
    protocol: Protocol,
    thr: float | np.ndarray,
    counts: LabelCounts,
) -> dict[str, float]:
    """Return the numbers that ``protocol.more`` asks for."""
    if not protocol.more:
        return {}
    decisions = decide(scores, targets, thr, must_exceed=protocol.equal_is_too_low)
    groups: dict[str, Callable[[Decisions], dict[str, float]]] = {
        'attributes': lambda d: {'mA': mean_accuracy(counts), **instance_metrics(d)},
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
