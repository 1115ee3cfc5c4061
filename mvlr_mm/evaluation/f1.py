"""Precision, recall and F1 over labels and over all decisions, in three families."""

import numpy as np

from ..argument_checks import check_choice
from .columns import Matrix
from .counts import LabelCounts, known_labels, label_counts
from .means import harmonic_mean, mean, ratio

KEYS = ('CP', 'CR', 'CF1', 'OP', 'OR', 'OF1')
FAMILIES = ('paper', 'asl', 'mmpretrain')


def precision_recall_f1(
    scores: Matrix,
    targets: Matrix,
    thr: float | np.ndarray | None = 0.5,
    topk: int | None = None,
    family: str = 'paper',
) -> dict[str, float]:
    """Return CP, CR, CF1, OP, OR and OF1 in percent.

    With Nc correct, Np predicted and Ng true images of each label:
    OP = sum Nc / sum Np, OR = sum Nc / sum Ng, CP = mean(Nc / Np), CR = mean(Nc / Ng),
    and OF1 is the harmonic mean of OP and OR. A quotient with divisor 0 counts as 0;
    a label of which nothing is known is left out, and without any other CP, CR and CF1
    are nan. The families differ in two things:

    ============== ============================ ==================
    family         CF1                          predicted where
    ============== ============================ ==================
    ``paper``      harmonic mean of CP and CR   score >= ``thr``
    ``asl``        mean of the labels' own F1   score > ``thr``
    ``mmpretrain`` mean of the labels' own F1   score >= ``thr``
    ============== ============================ ==================

    ``paper`` is the line of ML-GCN, SALGL and MVLR, ``asl`` that of ASL, ML-Decoder and
    DualCoOp; ``mmpretrain`` is its ``MultiLabelMetric`` and scikit-learn's macro and
    micro averages.

    Args:
        scores: Scores (N, C).
        targets: 1 present, 0 absent, -1 unknown and left out, (N, C).
        thr: The threshold, or one for each label (C,); None with ``topk``: without.
        topk: If given, a label must also be among the k highest of its image; a label
            that ties with the k-th is.
        family: One of the families above.

    Raises:
        ValueError: As for :func:`decide`, or ``family`` is unknown.
    """
    check_choice('family', family, FAMILIES)
    counts = label_counts(scores, targets, thr, topk, must_exceed=family == 'asl')
    return summarise(counts, family)


def summarise(counts: LabelCounts, family: str = 'paper') -> dict[str, float]:
    """Return the six numbers of :func:`precision_recall_f1` from counts."""
    counts = known_labels(counts)
    correct, predicted, actual, _ = (count.sum() for count in counts)
    precision, recall, f1 = label_precision_recall_f1(counts)
    cp, cr = mean(precision), mean(recall)
    op, overall = ratio(correct, predicted), ratio(correct, actual)
    cf1 = harmonic_mean(cp, cr) if family == 'paper' else mean(f1)
    values = (cp, cr, cf1, op, overall, harmonic_mean(op, overall))
    return {key: 100 * float(value) for key, value in zip(KEYS, values, strict=True)}


def label_precision_recall_f1(
    counts: LabelCounts,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return precision, recall and F1 of every label, (C,) in [0, 1]; 0 for 0 / 0."""
    precision = ratio(counts.correct, counts.predicted)
    recall = ratio(counts.correct, counts.actual)
    return precision, recall, harmonic_mean(precision, recall)
