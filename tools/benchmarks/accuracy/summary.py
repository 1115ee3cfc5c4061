"""What several seeds say: mean, spread, and the interval of paired differences."""

import statistics
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from scipy import stats

LEVEL = 0.95


class Spread(NamedTuple):
    """Mean and standard deviation; None of a single number."""

    mean: float
    deviation: float | None


class Difference(NamedTuple):
    """A paired difference: by seed, its mean, and the ends of its interval."""

    by_seed: dict[str, float]
    mean: float
    low: float | None
    high: float | None


def spread(values: Sequence[float]) -> Spread:
    """Return mean and sample standard deviation.

    Args:
        values: At least one.
    """
    deviation = statistics.stdev(values) if len(values) > 1 else None
    return Spread(statistics.fmean(values), deviation)


def paired_difference(
    values: Mapping[str, float], reference: Mapping[str, float]
) -> Difference | None:
    """Return how far a row is above the reference, seed by seed.

    The rows of a seed see the pictures in the same order, which the spreads of the two
    do not know. The interval is Student's t over the seeds' differences, 95 %: they are
    few, and a bootstrap of three or five numbers is too narrow.

    Args:
        values: By seed.
        reference: By seed; those that both have count.

    Returns:
        None without a common seed; no interval with a single one.
    """
    by_seed = {s: values[s] - reference[s] for s in values if s in reference}
    if not by_seed:
        return None
    mean, deviation = spread(list(by_seed.values()))
    if deviation is None:
        return Difference(by_seed, mean, None, None)
    number = len(by_seed)
    half = stats.t.ppf((1 + LEVEL) / 2, number - 1) * deviation / number**0.5
    return Difference(by_seed, mean, mean - half, mean + half)
