import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar
from scipy.special import expit, logit
from sklearn.metrics import brier_score_loss, log_loss
from torchmetrics.functional.classification import binary_calibration_error

from mvlr_mm.evaluation.calibration import (
    apply_temperatures,
    brier_score,
    calibration_error,
    fit_temperatures,
)


def overconfident(n=600, temperatures=(0.3, 1.0, 4.0)):
    """Scores whose logits, divided by the temperature, would be true."""
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(n, len(temperatures)))
    targets = (rng.random(logits.shape) < expit(logits)).astype(int)
    return expit(logits * np.array(temperatures)), targets


def loop(column, truth, bins):
    """The definition, one bin at a time; the last holds its upper end."""
    error = 0
    for i in range(bins):
        inside = (column >= i / bins) & ((column < (i + 1) / bins) | (i == bins - 1))
        if inside.any():
            error += inside.mean() * abs(truth[inside].mean() - column[inside].mean())
    return error


@pytest.mark.parametrize('bins', [1, 4, 16])  # edges that floats hold exactly
def test_the_error_equals_its_definition(case, bins):
    scores, targets = case
    found = calibration_error(scores, targets, bins)
    for label, error in enumerate(found):
        known = targets[:, label] >= 0
        if not known.any():
            assert np.isnan(error)
            continue
        expected = loop(scores[known, label], targets[known, label], bins)
        assert error == pytest.approx(expected, abs=1e-14)


def test_the_error_equals_torchmetrics():
    scores, targets = overconfident()
    for error, column, truth in zip(
        calibration_error(scores, targets), scores.T, targets.T, strict=True
    ):
        pair = torch.tensor(column), torch.tensor(truth)
        assert error == pytest.approx(binary_calibration_error(*pair).item(), rel=1e-5)


def test_the_brier_score_equals_scikit_learns():
    scores, targets = overconfident()
    expected = [
        brier_score_loss(t, s) for s, t in zip(scores.T, targets.T, strict=True)
    ]
    np.testing.assert_allclose(brier_score(scores, targets), expected, rtol=1e-12)
    targets[:, 0] = -1
    assert np.isnan(brier_score(scores, targets)[0])


def test_temperatures_equal_scipys_minimum(cases):
    for scores, targets in (overconfident(), cases('random'), cases('tied')):
        scores = np.clip(scores, 0.001, 0.999)
        for found, column, truth in zip(
            fit_temperatures(scores, targets), scores.T, targets.T, strict=True
        ):

            def entropy(log_t, column=column, truth=truth):
                return log_loss(truth, expit(logit(column) / np.exp(log_t)))

            best = minimize_scalar(
                entropy, bounds=np.log([0.01, 100]), method='bounded'
            )
            assert entropy(np.log(found)) <= best.fun + 1e-10
            if 0.02 < found < 50:
                assert found == pytest.approx(np.exp(best.x), rel=1e-2)


def test_temperatures_find_what_was_put_in_and_mend_the_error():
    scores, targets = overconfident(20000)
    found = fit_temperatures(torch.tensor(scores), targets)
    np.testing.assert_allclose(found, [0.3, 1, 4], rtol=0.08)
    calibrated = apply_temperatures(scores, targets, found)
    clipped = np.clip(scores, 2**-24, 1 - 2**-24)
    np.testing.assert_allclose(calibrated, expit(logit(clipped) / found), rtol=1e-9)
    before, after = (calibration_error(x, targets) for x in (scores, calibrated))
    assert (after[[0, 2]] < before[[0, 2]] / 3).all()


def test_scores_that_no_temperature_changes():
    targets = np.array([[1], [0], [0], [1]])
    assert fit_temperatures(np.full((4, 1), 0.5), targets) == 1


def test_labels_that_say_nothing_of_a_temperature(cases):
    scores, targets = cases('random')
    targets[:, 0], targets[:, 1], targets[:, 2] = 0, 1, -1
    scores[:, 3] = targets[:, 3]  # right and certain: the steepest there is
    scores[:, 4] = 1 - targets[:, 4]  # wrong and certain: the flattest
    found = fit_temperatures(scores, targets)
    np.testing.assert_array_equal(found[:3], 1)
    np.testing.assert_allclose(found[3:5], [0.01, 100], rtol=1e-6)
    assert np.isfinite(found).all()


def test_unknown_entries_are_left_out(cases):
    scores, targets = cases('unknown')
    known = targets[:, 1] >= 0
    rows = scores[known, 1:2], targets[known, 1:2]
    for function in (brier_score, calibration_error, fit_temperatures):
        assert function(scores, targets)[1] == pytest.approx(function(*rows)[0])


@pytest.mark.parametrize('function', [brier_score, calibration_error, fit_temperatures])
def test_scores_that_are_no_probabilities_are_refused(cases, function):
    scores, targets = cases('constant')
    with pytest.raises(ValueError, match=r'scores from 1\.4 to 1\.4 are no probab'):
        function(2 * scores, targets)
    with pytest.raises(ValueError, match=r'bins \(0\) must be a whole number'):
        calibration_error(scores, targets, bins=0)
