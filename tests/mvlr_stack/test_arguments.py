import argparse

import pytest

from mvlr_stack.arguments import at_least


def test_a_whole_number_above_0():
    assert [at_least(1)(text) for text in ('1', '24')] == [1, 24]


@pytest.mark.parametrize('text', ['0', '-1', '1.5', 'x', '', '²'])
def test_what_is_none(text):
    with pytest.raises(argparse.ArgumentTypeError, match='a whole number of at'):
        at_least(1)(text)


def test_the_lowest_is_in_the_message():
    assert at_least(0)('0') == 0
    with pytest.raises(argparse.ArgumentTypeError, match=r"'-1' must .* of at least 0"):
        at_least(0)('-1')
