import numpy as np
import pytest
import torch

from mvlr_mm.evaluation import functional

OF_SCORES = [
    'average_precision',
    'calibration_error',
    'decide',
    'fit_temperatures',
    'global_threshold',
    'label_counts',
    'map_interval',
    'precision_recall_f1',
    'ranking_metrics',
    'search_thresholds',
]


def numbers(found):
    values = found.values() if isinstance(found, dict) else found
    return np.concatenate([np.ravel(value) for value in values])


def test_every_name_is_there_in_alphabetical_order():
    assert functional.__all__ == sorted(functional.__all__)
    assert all(callable(getattr(functional, name)) for name in functional.__all__)
    assert set(OF_SCORES) <= set(functional.__all__)


@pytest.mark.parametrize('name', OF_SCORES)
@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16, torch.float32])
def test_every_function_takes_tensors_as_their_values_in_float64(cases, name, dtype):
    function = getattr(functional, name)
    scores, targets = cases('unknown')
    scores = torch.tensor(scores).to(dtype)
    found = function(scores.requires_grad_(), torch.tensor(targets).to(dtype))
    expected = function(scores.detach().double().numpy(), targets)
    np.testing.assert_allclose(numbers(found), numbers(expected), rtol=1e-12)


@pytest.mark.parametrize('name', [x for x in OF_SCORES if 'temp' not in x])
@pytest.mark.parametrize('dtype', [np.bool_, np.uint8, np.int64])
def test_every_function_takes_whole_numbers_as_their_values(cases, name, dtype):
    function = getattr(functional, name)
    scores, targets = cases('unknown')
    scores = (scores > 0.5).astype(dtype)
    expected = numbers(function(scores.astype(float), targets))
    for found in (scores, torch.tensor(scores)):
        np.testing.assert_array_equal(numbers(function(found, targets)), expected)


@pytest.mark.parametrize('name', OF_SCORES)
def test_no_function_takes_nan(cases, name):
    scores, targets = cases('random')
    scores[5, 3] = np.nan
    text = 'scores contain NaN, first in row 5, label 3'
    with pytest.raises(ValueError, match=text):
        getattr(functional, name)(scores, targets)
