"""Tuning learning rate and weight decay: every row with the same number of tries."""

import math
from collections.abc import Mapping, Sequence

from .plan import Setting

Scores = Mapping[Setting, float | None]


def first_tries(rates: Sequence[float], decays: Sequence[float]) -> list[Setting]:
    """Return every rate with the first decay."""
    return [Setting(rate, decays[0]) for rate in rates]


def further_tries(scores: Scores, decays: Sequence[float]) -> list[Setting]:
    """Return the best rate so far with every other decay; nothing without a best.

    Args:
        scores: The val mAP of the first tries; None for those that failed.
        decays: All decays; the first is that of the first tries.
    """
    best = best_setting(scores)
    return [] if best is None else [Setting(best.lr, decay) for decay in decays[1:]]


def best_setting(scores: Scores) -> Setting | None:
    """Return the setting of the highest val mAP, the first of equals.

    None where all have failed; a number that is none (nan) counts as a failure.
    """
    valid = {
        setting: score
        for setting, score in scores.items()
        if score is not None and not math.isnan(score)
    }
    return max(valid, key=valid.get, default=None)


def number_of_tries(rates: Sequence[float], decays: Sequence[float]) -> int:
    """Return how many tries a row gets; none where there is nothing to choose."""
    number = len(rates) + len(decays) - 1
    return number if number > 1 else 0


def ends_of_the_search(rate: float, rates: Sequence[float]) -> bool:
    """Say whether a rate is the lowest or highest tried, so another may be better."""
    return len(rates) > 1 and rate in (min(rates), max(rates))
