from math import nan

from benchmarks.accuracy.plan import Setting
from benchmarks.accuracy.tuning import (
    best_setting,
    ends_of_the_search,
    first_tries,
    further_tries,
    number_of_tries,
)

RATES, DECAYS = [1e-4, 1e-3, 1e-2], [0.01, 0.1]


def test_every_rate_then_the_best_with_the_other_decays():
    first = first_tries(RATES, DECAYS)
    assert first == [(1e-4, 0.01), (1e-3, 0.01), (1e-2, 0.01)]
    scores = dict(zip(first, [10.0, 30.0, 20.0], strict=True))
    further = further_tries(scores, DECAYS)
    assert further == [(1e-3, 0.1)]
    assert len(first) + len(further) == number_of_tries(RATES, DECAYS)
    assert best_setting(scores | {further[0]: 29.0}) == (1e-3, 0.01)
    assert best_setting(scores | {further[0]: 31.0}) == (1e-3, 0.1)


def test_tries_that_failed_or_gave_no_number_are_passed_over():
    scores = {Setting(1, 0): None, Setting(2, 0): nan, Setting(3, 0): 5.0}
    assert best_setting(scores) == (3, 0)
    assert best_setting({Setting(1, 0): None}) is None
    assert further_tries({Setting(1, 0): nan}, DECAYS) == []


def test_with_one_of_each_there_is_nothing_to_try():
    assert number_of_tries([1e-3], [0.01]) == 0
    assert number_of_tries([1e-3], DECAYS) == 2


def test_a_rate_at_an_end_of_the_search_is_told():
    assert [ends_of_the_search(rate, RATES) for rate in RATES] == [True, False, True]
    assert not ends_of_the_search(1e-3, [1e-3])
