from pathlib import Path

import pytest

from mvlr_mm.projects.forms.cells import find_separator, split_cell


def find(*cells, classes=()):
    records = [('', {'labels': cell}) for cell in cells]
    return find_separator(records, ['labels'], classes, Path('x.csv'))


def test_the_separator_is_what_occurs():
    assert find('a|b', 'c d|e', '') == '|'
    assert find('a', '') == ';'
    assert find('a,b', '[1; 2]') == ','
    assert find('red car', 'a', classes=('red car', 'a')) == ';'


def test_what_cannot_be_told_is_asked():
    with pytest.raises(ValueError, match=r"x.csv: labels has ';' and ','"):
        find('a;b', 'c,d')
    with pytest.raises(ValueError, match="as in 'red car'"):
        find('red car', 'a')


def test_cells():
    assert split_cell(' a ; b;', ';', '') == ['a', 'b']
    assert split_cell("['a', 'b c']", ';', '') == ['a', 'b c']
    assert split_cell('[1, 0]', ';', '') == [1, 0]
    with pytest.raises(ValueError, match=r'x:3: .* is no list of names'):
        split_cell("[__import__('os')]", ';', 'x:3')
