import numpy as np
import pytest
from PIL import Image, ImageFont, features

from mvlr_mm.visualization import Line, sheet_text
from mvlr_mm.visualization.sheet_text import fit, width_of, write

BASIC = ImageFont.Layout.BASIC
RED, BLUE = (200, 0, 0), (0, 0, 200)
TEXTS = ['a', 'two words', 'w' * 60, 'x^{2}$\\frac$ and more words', 'ß שלום']


@pytest.mark.parametrize('text', TEXTS)
@pytest.mark.parametrize('width', [40, 90, 400])
def test_no_line_is_wider_than_its_place_and_nothing_is_lost(text, width):
    lines = fit([Line(text, RED)], width, lines=100)
    assert all(width_of(line.text) <= width for line in lines)
    joined = ''.join(line.text for line in lines).replace(' ', '')
    assert joined == text.replace(' ', '')
    assert all(line.text.startswith('  ') for line in lines[1:])
    assert {line.color for line in lines} == {RED}


def test_lines_break_at_spaces():
    found = fit([Line('traffic light here', RED)], width_of('traffic light'), 9)
    assert [line.text for line in found] == ['traffic light', '  here']


def test_labels_that_do_not_fit_are_counted():
    labels = [Line(name, RED) for name in 'abcd']
    assert fit(labels, 99, 4) == labels
    assert [line.text for line in fit(labels, 99, 3)] == ['a', 'b', 'and 2 more']
    long = Line('w' * 60, BLUE)
    texts = [line.text for line in fit([labels[0], long, labels[1]], 99, 3)]
    assert texts == ['a', 'and 2 more']
    first, second, last = fit([long, *labels], 99, 3)
    assert second.text.endswith('…')
    assert last.text == 'and 4 more'
    assert width_of(second.text) <= 99
    alone = fit([long], 99, 2)
    assert alone[0] == first
    assert alone[1].text.endswith('…')
    assert fit([], 99, 3) == []


def ink(text):
    sheet = Image.new('RGB', (120, 24), (255, 255, 255))
    end = write(sheet, Line(text, RED), 4, 2)
    assert end == pytest.approx(4 + width_of(text))
    return np.asarray(sheet)


def test_text_is_written_in_its_colour_and_ends_where_it_says():
    drawn = ink('lllll')
    assert (abs(drawn.astype(int) - RED) < 60).all(-1).any()
    columns = np.flatnonzero((drawn < 255).any((0, 2)))
    assert columns[0] >= 4
    assert columns[-1] <= 4 + width_of('lllll')


def test_lines_begin_with_sign_and_score_whatever_the_script():
    drawn = {name: ink(f'x 0.90 {name}') for name in ('boat', 'שלום')}
    columns = slice(0, int(width_of('x 0.90 ')) + 3)
    first, second = (sheet[:, columns] for sheet in drawn.values())
    np.testing.assert_array_equal(first, second)


def test_hebrew_stands_the_same_way_with_and_without_raqm(monkeypatch):
    if not features.check('raqm'):
        pytest.skip('Pillow has no libraqm to compare with')
    drawn = ink('שלום')
    monkeypatch.setattr(features, 'check', lambda name: False)
    monkeypatch.setattr(
        sheet_text,
        '_font',
        lambda file: ImageFont.truetype(str(file), 12, layout_engine=BASIC),
    )
    np.testing.assert_array_equal(ink('שלום'), drawn)
