import math

import numpy as np
import pytest

from mvlr_mm.argument_checks import (
    check_choice,
    check_count,
    check_number,
    check_template,
    check_whole,
)


def test_a_value_that_is_no_choice_is_named_with_the_choices():
    check_choice('pool', 'max', {'max': 1, 'mean': 2})
    text = r"pool \('sum'\) must be one of \('max', 'mean'\)"
    with pytest.raises(ValueError, match=text):
        check_choice('pool', 'sum', {'max': 1, 'mean': 2})


def test_what_counts_nothing_is_named():
    for count in (1, 7, np.int64(3)):
        check_count('k', count)
    check_count('k', None, or_none=True)
    for wrong in (0, -1, 2.0, 2.5, True, '3', None):
        with pytest.raises(ValueError, match=r', at least 1\.') as error:
            check_count('k', wrong)
        assert str(error.value).startswith(f'k ({wrong!r}) must be a whole number')
    with pytest.raises(ValueError, match=r', at least 1, or None\.'):
        check_count('k', 0, or_none=True)


def test_what_is_no_number_within_its_bounds_is_named():
    for number in (0.5, 1, np.float32(0.25), np.int64(1)):
        check_number('alpha', number, above=0, at_most=1)
    check_number('bias', -1e300)
    check_number('scale', None, or_none=True, above=0)
    for wrong in (math.nan, math.inf, -math.inf, True, '3', None, [1], 1j):
        with pytest.raises(ValueError, match='must be a finite number') as error:
            check_number('bias', wrong)
        assert str(error.value) == f'bias ({wrong!r}) must be a finite number.'


@pytest.mark.parametrize(
    ('bounds', 'right', 'wrong', 'rule'),
    [
        (dict(above=0), 1e-9, 0, 'above 0'),
        (dict(at_least=1), 1, 0.99, 'at least 1'),
        (dict(below=1), 0.99, 1, 'below 1'),
        (dict(at_most=1), 1, 1.01, 'at most 1'),
        (dict(at_least=0, below=1), 0, -0.1, 'at least 0 and below 1'),
    ],
)
def test_the_bounds_of_a_number_are_named(bounds, right, wrong, rule):
    check_number('clip', right, **bounds)
    with pytest.raises(ValueError, match=r'^clip') as error:
        check_number('clip', wrong, or_none=True, **bounds)
    text = f'clip ({wrong!r}) must be a finite number, {rule}, or None.'
    assert str(error.value) == text


def test_what_is_no_whole_number_is_named():
    for number in (0, 7, np.int64(3), 10**400):
        check_whole('seed', number, at_least=0)
    check_whole('seed', None, or_none=True)
    for wrong in (-1, 1.0, True, '0', None):
        with pytest.raises(ValueError, match=r'^seed') as error:
            check_whole('seed', wrong, at_least=0)
        assert (
            str(error.value) == f'seed ({wrong!r}) must be a whole number, at least 0.'
        )


def test_a_template_has_one_place_for_a_label():
    check_template('template', 'a photo of a {}.')
    for wrong in ('a photo', '{} and {}', None, ['{}']):
        with pytest.raises(ValueError, match='must be a text with one') as error:
            check_template('template', wrong)
        assert str(error.value).startswith(f'template ({wrong!r})')
