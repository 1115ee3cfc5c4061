"""Numbers over decisions: mean accuracy, instance metrics, Hamming, subset accuracy.

An image of which no label is known is left out; without any other, a mean over images
is nan.
"""

import numpy as np

from .counts import Decisions, LabelCounts, known_labels
from .means import harmonic_mean, mean, ratio


def mean_accuracy(counts: LabelCounts) -> float:
    """Return mA, the mean over labels of (TP / P + TN / N) / 2, in percent.

    The measure of the pedestrian attribute field (Li et al., A Richly Annotated Dataset
    for Pedestrian Attribute Recognition, 2016, eq. 1). A label without positive, or
    without negative, images counts 0 for that half, as in the field's programs; one of
    which nothing is known is left out, and without any other mA is nan.
    """
    return 100 * mean(label_accuracy(known_labels(counts)))


def label_accuracy(counts: LabelCounts) -> np.ndarray:
    """Return (TP / P + TN / N) / 2 of every label, (C,) in [0, 1]."""
    wrong = counts.predicted - counts.correct
    absent = counts.known - counts.actual
    return (ratio(counts.correct, counts.actual) + ratio(absent - wrong, absent)) / 2


def instance_metrics(decisions: Decisions) -> dict[str, float]:
    """Return accuracy, precision, recall and F1 over images, in percent.

    With Y the labels of an image and Z what is predicted, each over the images:
    accuracy is the mean of |Y and Z| / |Y or Z|, precision of |Y and Z| / |Z|, recall
    of |Y and Z| / |Y|, and F1 the harmonic mean of these two means (same source as
    :func:`mean_accuracy`, eq. 2 to 5). A quotient with divisor 0 counts as 0.
    """
    predicted, actual, _ = _of_known_images(decisions)
    both = (predicted & actual).sum(axis=1)
    accuracy = mean(ratio(both, (predicted | actual).sum(axis=1)))
    precision = mean(ratio(both, predicted.sum(axis=1)))
    recall = mean(ratio(both, actual.sum(axis=1)))
    values = {
        'accuracy': accuracy,
        'precision': precision,
        'recall': recall,
        'F1': harmonic_mean(precision, recall),
    }
    return {f'instance-{key}': 100 * float(value) for key, value in values.items()}


def hamming_loss(decisions: Decisions) -> float:
    """Return the share of wrong decisions, of all that are known, in percent."""
    wrong = decisions.predicted != decisions.actual
    return 100 * float(ratio(wrong.sum(), decisions.known.sum()))


def subset_accuracy(decisions: Decisions) -> float:
    """Return the share of images whose known labels are all right, in percent."""
    predicted, actual, _ = _of_known_images(decisions)
    return 100 * float(mean((predicted == actual).all(axis=1)))


def _of_known_images(decisions: Decisions) -> Decisions:
    rows = decisions.known.any(axis=1)
    return decisions if rows.all() else Decisions(*(part[rows] for part in decisions))
