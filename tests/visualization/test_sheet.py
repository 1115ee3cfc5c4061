import numpy as np
import pytest
from PIL import Image

from mvlr_mm.visualization import Line, draw_sheet

RED, BLUE, GREY = (200, 0, 0), (0, 0, 200), (120, 120, 120)


def draw(tmp_path, sizes, texts, **options):
    path = tmp_path / 'sheet.png'
    images = [
        Image.new('RGB', size, (200, 20, 30 + 40 * i)) for i, size in enumerate(sizes)
    ]
    draw_sheet(path, images, texts, side=64, **options)
    return np.asarray(Image.open(path))


def one(text):
    return [Line(text, RED)]


def has(sheet, color):
    return (abs(sheet.astype(int) - color) < 60).all(-1).any()  # thin lines are paler


def test_pictures_keep_their_proportions_and_stand_on_one_line(tmp_path):
    sheet = draw(tmp_path, [(40, 20), (10, 20)], [one('a'), one('b')])
    wide, tall = ((sheet == (200, 20, 30 + 40 * i)).all(-1) for i in (0, 1))
    for mask, (height, width) in ((wide, (32, 64)), (tall, (64, 32))):
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        assert (len(rows), len(columns)) == (height, width)
        assert rows[-1] == 8 + 64 - 1
        assert mask.sum() == height * width


def test_rows_are_as_high_as_they_need_to_be(tmp_path):
    texts = [one('a'), one('b'), 2 * one('c')]
    sheet = draw(tmp_path, [(64, 32)] * 3, texts, columns=2)
    assert sheet.shape == (8 + (32 + 15 + 16) + (32 + 30 + 16), 2 * 72 + 8, 3)
    place = 8 + 63 + 5
    assert sheet[place, 8 + 5].tolist() == [200, 20, 110]


def test_text_has_its_colour_below_its_picture(tmp_path):
    texts = [[Line('lighthouse', RED)], [Line('sea', BLUE)]]
    sheet = draw(tmp_path, [(10, 10)] * 2, texts)[8 + 64 :]
    left, right = sheet[:, :76], sheet[:, 76:]
    assert has(left, RED)
    assert has(right, BLUE)
    assert not has(left, BLUE)


def test_a_legend_stands_above_and_is_never_cut(tmp_path):
    legend = [Line('found', RED), Line('explained', BLUE)]
    sheet = draw(tmp_path, [(64, 64)], [[Line('x', GREY)]], legend=legend)
    first, second, below = sheet[8:23], sheet[23:38], sheet[8 + 30 + 8 :]
    assert has(first, RED)
    assert has(second, BLUE)
    assert not has(below, BLUE)
    assert (sheet[:, -8:] == 255).all()
    assert below[5, 8 + 5].tolist() == [200, 20, 30]
    wide = draw(tmp_path, [(64, 64)] * 3, [[Line('x', GREY)]] * 3, legend=legend)
    assert has(wide[8:23], BLUE)


def test_too_many_lines_are_counted(tmp_path):
    texts = [one('all') + [Line('lll', BLUE)] * 2]
    few = draw(tmp_path, [(64, 64)], texts, lines=2)
    assert has(few[80:], RED)
    assert has(few[80:], GREY)
    assert not has(few[80:], BLUE)
    assert has(draw(tmp_path, [(64, 64)], texts, lines=3)[80:], BLUE)


def test_lengths_must_agree(tmp_path):
    with pytest.raises(ValueError, match=r'images \(0\) and texts \(1\) must have'):
        draw_sheet(tmp_path / 'a.png', [], [one('a')])
