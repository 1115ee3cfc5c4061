import unicodedata

import pytest

from mvlr_mm.labels.names import read_label_names
from mvlr_mm.near_names import nearest_names, same_letters

COMPOSED, APART = (unicodedata.normalize(form, 'café') for form in ('NFC', 'NFD'))


def test_case_and_composition_do_not_count():
    names = ['cat', 'Traffic Light', APART, 'dog']
    assert nearest_names('traffic ligt', names).startswith("'Traffic Light', ")
    assert nearest_names('CAFE\u0301', names).startswith(f'{APART!r}, ')
    assert nearest_names('xyz', names, cutoff=0.6) == ''
    assert len(nearest_names('c', ['ca', 'cb', 'cc', 'cd']).split(', ')) == 3


def test_names_that_differ_in_case_alone_are_all_named():
    assert nearest_names('cats', ['Cat', 'cat']) == "'Cat', 'cat'"


def test_a_name_that_looks_the_same_is_shown_with_its_code_points():
    text = nearest_names(COMPOSED, [APART, 'cat'])
    assert text == f"{APART!r} (other code points: 'cafe\\u0301'), 'cat'"
    assert nearest_names(APART, [COMPOSED]).endswith(r"(other code points: 'caf\xe9')")


def test_labels_that_differ_in_composition_alone_are_told_apart():
    with pytest.raises(ValueError, match=r'at 1 and 2, are the same') as caught:
        read_label_names(['dog', COMPOSED, APART])
    assert f"{APART!r} (other code points: 'cafe\\u0301')" in str(caught.value)


@pytest.mark.parametrize('name', [COMPOSED, APART])
def test_the_only_name_of_the_same_letters_is_meant(name):
    assert same_letters(name, ['cat', APART]) == APART
    assert same_letters(name, [COMPOSED, APART]) == name
    assert same_letters('Café', [COMPOSED]) is None
    assert same_letters('cafe', [COMPOSED]) is None
