"""Whether scores are probabilities, and a temperature that brings them nearer."""

import numpy as np

from ..argument_checks import check_count
from .columns import Matrix, checked, per_label

LOWEST, HIGHEST = 0.01, 100.0  # the range of temperatures
STEPS = 60


def calibration_error(scores: Matrix, targets: Matrix, bins: int = 15) -> np.ndarray:
    """Return the expected calibration error of every label, (C,) in [0, 1].

    The mean, over the images, of the difference between the mean score and the share
    of positive images in the image's bin; bins are equally wide (Guo et al., On
    Calibration of Modern Neural Networks, 2017, eq. 3, for one label at a time).
    nan where nothing is known of a label.

    Args:
        scores: Probabilities (N, C).
        targets: 1 present, 0 absent, -1 unknown and left out, (N, C).
        bins: How many.

    Raises:
        ValueError: As for :func:`average_precision`, a score is no probability, or
            ``bins`` is below 1.
    """
    check_count('bins', bins)
    edges = np.linspace(0, 1, bins + 1)[1:-1]

    def of_label(
        column: np.ndarray, positive: np.ndarray, _: np.ndarray | slice
    ) -> float:
        _refuse_no_probability(column)
        if not len(column):
            return np.nan
        found = np.searchsorted(edges, column, side='right')
        surplus = column.astype(np.float64) - positive
        sums = np.bincount(found, weights=surplus, minlength=bins)
        return float(np.abs(sums).sum() / len(column))

    return np.array(per_label(of_label, scores, targets))


def brier_score(scores: Matrix, targets: Matrix) -> np.ndarray:
    """Return the Brier score of every label, (C,) in [0, 1].

    The mean, over the images, of the squared difference between score and truth (Brier,
    Verification of Forecasts Expressed in Terms of Probability, 1950, for one label
    with two outcomes, and so half of his sum). nan where nothing is known of a label.

    Args:
        scores: Probabilities (N, C).
        targets: 1 present, 0 absent, -1 unknown and left out, (N, C).

    Raises:
        ValueError: As for :func:`average_precision`, or a score is no probability.
    """

    def of_label(
        column: np.ndarray, positive: np.ndarray, _: np.ndarray | slice
    ) -> float:
        _refuse_no_probability(column)
        if not len(column):
            return np.nan
        return float(np.mean((column.astype(np.float64) - positive) ** 2))

    return np.array(per_label(of_label, scores, targets))


def fit_temperatures(scores: Matrix, targets: Matrix) -> np.ndarray:
    """Return the temperature of every label, (C,) float64.

    The T with the lowest cross-entropy of sigmoid(logit / T), between 0.01 and 100
    (same source, section 4.2, for one label at a time). 1 for a label whose known
    images are all positive, all negative or all at 0.5. Scores at 0 or 1 count as the
    nearest probability that float32 tells from them.

    Args:
        scores: Probabilities (N, C), of the validation set.
        targets: 1 present, 0 absent, -1 unknown and left out, (N, C).

    Raises:
        ValueError: As for :func:`average_precision`, or a score is no probability.
    """

    def of_label(
        column: np.ndarray, positive: np.ndarray, _: np.ndarray | slice
    ) -> float:
        _refuse_no_probability(column)
        if positive.all() or not positive.any() or (column == 0.5).all():
            return 1.0
        return _fit(_logits(column), positive)

    return np.array(per_label(of_label, scores, targets))


def apply_temperatures(
    scores: Matrix, targets: Matrix, temperatures: np.ndarray
) -> np.ndarray:
    """Return the probabilities at the temperatures, (N, C) float64.

    Args:
        scores: Probabilities (N, C).
        targets: Labels (N, C).
        temperatures: One for each label, (C,).
    """
    scores, _ = checked(scores, targets)
    return _sigmoid(_logits(scores) / temperatures)


def _fit(logits: np.ndarray, positive: np.ndarray) -> float:
    """Find where the slope of the cross-entropy in 1 / T is zero.

    The cross-entropy is convex there, so its slope only rises: Newton's steps, and
    half the interval where a step would leave it.
    """
    low, high, scale = 1 / HIGHEST, 1 / LOWEST, 1.0
    for _ in range(STEPS):
        p = _sigmoid(scale * logits)
        slope = np.mean((p - positive) * logits)
        if slope > 0:
            high = scale
        else:
            low = scale
        curvature = np.mean(p * (1 - p) * logits**2)
        step = scale - slope / curvature if curvature > 0 else low
        before, scale = scale, step if low < step < high else (low + high) / 2
        if abs(scale - before) <= 1e-12 * before:
            break
    return 1 / scale


def _logits(scores: np.ndarray) -> np.ndarray:
    smallest = np.finfo(np.float32).eps / 2
    p = np.clip(scores.astype(np.float64), smallest, 1 - smallest)
    return np.log(p / (1 - p))


def _sigmoid(logits: np.ndarray) -> np.ndarray:
    return 0.5 * (1 + np.tanh(logits / 2))


def _refuse_no_probability(scores: np.ndarray) -> None:
    if len(scores) and (scores.min() < 0 or scores.max() > 1):
        raise ValueError(
            f'scores from {scores.min():g} to {scores.max():g} are no probabilities; '
            'calibration needs scores in [0, 1], such as the sigmoid of the logits.'
        )
