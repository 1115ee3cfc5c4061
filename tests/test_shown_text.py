import pytest
from rich.cells import cell_len

from mvlr_mm.shown_text import pad, printable, shorten

SEEN = ['cat', 'x^{2}$\\frac$', 'US$ or A$', '猫', 'ß', 'cafe\u0301', 'שלום', '❤️']


@pytest.mark.parametrize('text', [*SEEN, '👩\u200d🚀'])
def test_what_is_seen_stays(text):
    assert printable(text) == text


@pytest.mark.parametrize(
    ('text', 'shown'),
    [
        ('a\nb\tc', r'a\nb\tc'),
        ('\x1b[31mred', r'\x1b[31mred'),
        ('a\u202eb', r'a\u202eb'),
        ('a\u2028b\x85', r'a\u2028b\x85'),
        ('a\xa0b', r'a\xa0b'),
        ('\ud83d', r'\ud83d'),
        ('\u200b\ufeff', r'\u200b\ufeff'),
    ],
)
def test_what_hides_or_acts_is_escaped(text, shown):
    assert printable(text) == shown
    shown.encode('utf-8')


@pytest.mark.parametrize('text', ['abcdefghij', '猫' * 9, 'e\u0301' * 12])
@pytest.mark.parametrize('width', [5, 6, 7])
def test_the_middle_of_what_is_too_wide_is_left_out(text, width):
    short = shorten(text, width)
    assert width - 1 <= cell_len(short) <= width
    left, right = short.split('…')
    assert text.startswith(left)
    assert text.endswith(right)
    assert not right.startswith('\u0301')
    assert shorten(text, 100) == text


def test_filled_up_by_the_cells_that_letters_take():
    assert [cell_len(pad(x, 6)) for x in ('猫', 'cat', 'e\u0301')] == [6, 6, 6]
