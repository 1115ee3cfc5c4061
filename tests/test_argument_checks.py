import numpy as np
import pytest

from mvlr_mm.argument_checks import check_choice, check_count


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
        with pytest.raises(ValueError, match=r'of at least 1\.') as error:
            check_count('k', wrong)
        assert str(error.value).startswith(f'k ({wrong!r}) must be a whole number')
    with pytest.raises(ValueError, match=r'of at least 1, or None\.'):
        check_count('k', 0, or_none=True)
