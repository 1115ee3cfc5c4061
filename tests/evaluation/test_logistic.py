import numpy as np
import pytest
import torch
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from mvlr_mm.evaluation.logistic import fit_logistic


def drawn(slope, bias, n=400):
    rng = np.random.default_rng(0)
    values = rng.normal(2, 3, (n, 3))
    targets = (rng.random((n, 3)) < expit(slope * values + bias)).astype(int)
    return values, targets


@pytest.mark.parametrize('line', [(1.5, -2.0), (0.2, 0.5), (-1.0, 3.0)])
def test_it_equals_scikit_learns(line):
    values, targets = drawn(*line)
    expected = LogisticRegression(C=np.inf, tol=1e-10)
    expected.fit(values.reshape(-1, 1), targets.ravel())
    found = fit_logistic(torch.tensor(values), targets)
    np.testing.assert_allclose(
        found, [expected.coef_[0, 0], expected.intercept_[0]], rtol=1e-5
    )
    np.testing.assert_allclose(found, line, atol=0.35)


def test_unknown_entries_are_left_out():
    values, targets = drawn(1, -1)
    targets[::3, 1] = -1
    known = targets >= 0
    expected = fit_logistic(values[known][:, None], targets[known][:, None])
    with torch.no_grad():  # as its caller may have it
        assert fit_logistic(values, targets) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize('fill', [0, 1, -1])
def test_targets_that_say_nothing_are_refused(fill):
    values, targets = drawn(1, -1)
    with pytest.raises(ValueError, match='both present and absent'):
        fit_logistic(values, np.full_like(targets, fill))
