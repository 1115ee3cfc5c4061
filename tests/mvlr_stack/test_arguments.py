import argparse

import pytest

from mvlr_stack.arguments import at_least


def test_a_whole_number_above_0():
    assert [at_least(1)(text) for text in ('1', '24')] == [1, 24]


@pytest.mark.parametrize('text', ['0', '-1', '1.5', 'x', '', '²'])
def test_what_is_none(text):
    with pytest.raises(
        argparse.ArgumentTypeError, match='a whole number of at least 1'
    ):
        at_least(1)(text)
