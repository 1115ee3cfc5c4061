import pytest

from mvlr_mm.argument_checks import check_choice


def test_a_value_that_is_no_choice_is_named_with_the_choices():
    check_choice('pool', 'max', {'max': 1, 'mean': 2})
    text = r"pool \('sum'\) must be one of \('max', 'mean'\)"
    with pytest.raises(ValueError, match=text):
        check_choice('pool', 'sum', {'max': 1, 'mean': 2})
