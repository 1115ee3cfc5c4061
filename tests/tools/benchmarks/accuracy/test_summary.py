import numpy as np
import pytest
from benchmarks.accuracy.summary import paired_difference, spread
from scipy import stats


def test_mean_and_sample_deviation():
    values = [60.0, 62.0, 67.0]
    assert spread(values) == pytest.approx((63.0, np.std(values, ddof=1)))
    assert spread([5.0]) == (5.0, None)


def test_the_interval_is_scipys_paired_t_test():
    ours = {'0': 61.0, '1': 63.5, '2': 62.0, '3': 66.0}
    theirs = {'0': 60.0, '1': 61.0, '2': 62.5, '3': 64.0}
    found = paired_difference(ours, theirs)
    test = stats.ttest_rel(list(ours.values()), list(theirs.values()))
    interval = test.confidence_interval(0.95)
    assert found.by_seed == {'0': 1.0, '1': 2.5, '2': -0.5, '3': 2.0}
    assert found[1:] == pytest.approx((1.25, interval.low, interval.high))


def test_seeds_that_only_one_has_do_not_count():
    found = paired_difference({'0': 3.0, '1': 9.0}, {'1': 7.0, '2': 1.0})
    assert found == ({'1': 2.0}, 2.0, None, None)
    assert paired_difference({'0': 3.0}, {'1': 7.0}) is None
