import warnings

import numpy as np
import pytest

from mvlr_mm.evaluation.means import harmonic_mean, mean, mean_over_labels, ratio


def test_quotients_by_zero_are_zero():
    np.testing.assert_array_equal(ratio(np.array([0, 1]), np.array([0, 4])), [0, 0.25])
    found = harmonic_mean(np.array([0, 0.5]), np.array([0, 1.0]))
    np.testing.assert_allclose(found, [0, 2 / 3])


def test_the_mean_of_nothing_is_nan():
    assert mean(np.array([0.25, 0.75])) == 0.5
    assert np.isnan(mean(np.array([])))


def test_what_labels_without_a_value_do_to_a_mean():
    values = np.array([0.25, np.nan, 0.75])
    assert mean_over_labels(values) == 0.5
    assert mean_over_labels(values, 'zero') == pytest.approx(1 / 3)
    assert np.isnan(mean_over_labels(values, 'nan'))
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        for policy in ('skip', 'nan'):
            assert np.isnan(mean_over_labels(np.full(3, np.nan), policy))
        assert mean_over_labels(np.full(3, np.nan), 'zero') == 0
    with pytest.raises(ValueError, match=r"empty \('one'\) must be one of"):
        mean_over_labels(values, 'one')
