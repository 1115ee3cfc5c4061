import argparse

import pytest

from mvlr_stack.arguments import add_tag_rules, at_least, number


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


def test_numbers_within_bounds():
    assert [number()(text) for text in ('-3', '1e-3', ' 2 ')] == [-3, 0.001, 2]
    assert number(lowest=0)('0') == 0
    assert number(above=0, below=0.5)('0.25') == 0.25
    assert number(highest=1)('1') == 1


@pytest.mark.parametrize(
    ('bounds', 'text', 'rule'),
    [
        ({}, 'nan', 'a number'),
        ({}, 'inf', 'a number'),
        ({}, '0,5', 'a number'),
        (dict(highest=1), '1.1', 'a number of at most 1'),
        (dict(above=0), '0', 'a number above 0'),
        (dict(lowest=0), '-0.1', 'a number of at least 0'),
        (dict(above=0, below=0.5), '0.5', 'a number above 0 and below 0.5'),
    ],
)
def test_other_numbers_are_told_with_the_bounds(bounds, text, rule):
    with pytest.raises(argparse.ArgumentTypeError) as error:
        number(**bounds)(text)
    assert str(error.value) == f'{text!r} must be {rule}'


def test_no_score_is_above_1(capsys):
    parser = argparse.ArgumentParser()
    add_tag_rules(parser)
    with pytest.raises(SystemExit):
        parser.parse_args(['--min-score', '30'])  # not a percentage
    assert "'30' must be a number of at most 1" in capsys.readouterr().err
