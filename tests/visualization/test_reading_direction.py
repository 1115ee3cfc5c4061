import pytest

from mvlr_mm.visualization.reading_direction import from_left_to_right

SHALOM, IVRIT = 'שלום', 'עברית'


def test_a_line_may_begin_at_the_left_whatever_it_holds():
    shown = from_left_to_right(f'+ 0.90 {SHALOM} abc', line='left')
    assert shown == f'+ 0.90 {SHALOM[::-1]} abc'


@pytest.mark.parametrize(
    ('text', 'shown'),
    [
        ('cat (2)', 'cat (2)'),
        (SHALOM, SHALOM[::-1]),
        (f'{SHALOM} abc', f'abc {SHALOM[::-1]}'),
        (f'abc {SHALOM} {IVRIT} d', f'abc {IVRIT[::-1]} {SHALOM[::-1]} d'),
        (f'{IVRIT} (x) 12', f'12 (x) {IVRIT[::-1]}'),
        (f'{IVRIT} 12 {SHALOM}', f'{SHALOM[::-1]} 12 {IVRIT[::-1]}'),
        (f'({SHALOM})', f'({SHALOM[::-1]})'),
        ('ש\u05c1ל', 'לש\u05c1'),
    ],
)
def test_letters_stand_where_the_unicode_algorithm_puts_them(text, shown):
    assert from_left_to_right(text) == shown
