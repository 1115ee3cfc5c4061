import numpy as np
import pytest
from PIL import Image

from mvlr_mm.visualization import draw_contact_sheet
from mvlr_mm.visualization.contact_sheet import _FAINT, _INK, _text


def draw(tmp_path, sizes, labels, unknown=None, **options):
    path = tmp_path / 'sheet.png'
    images = [
        Image.new('RGB', size, (200, 20, 30 + 40 * i)) for i, size in enumerate(sizes)
    ]
    draw_contact_sheet(path, images, labels, unknown, side=64, **options)
    return np.asarray(Image.open(path))


def test_pictures_keep_their_proportions_and_stand_on_one_line(tmp_path):
    sheet = draw(tmp_path, [(40, 20), (10, 20)], [['a'], ['b']])
    wide, tall = ((sheet == (200, 20, 30 + 40 * i)).all(-1) for i in (0, 1))
    for mask, (height, width) in ((wide, (32, 64)), (tall, (64, 32))):
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        assert (len(rows), len(columns)) == (height, width)
        assert rows[-1] == 8 + 64 - 1
        assert mask.sum() == height * width


def test_rows_are_as_high_as_they_need_to_be(tmp_path):
    sheet = draw(tmp_path, [(64, 32)] * 3, [['a'], ['b'], ['c', 'd']], columns=2)
    assert sheet.shape == (8 + (32 + 15 + 16) + (32 + 30 + 16), 2 * 72 + 8, 3)
    place = 8 + 63 + 5
    assert sheet[place, 8 + 5].tolist() == [200, 20, 110]


def test_text_below_a_picture():
    assert _text(['a', 'b'], ['c'], 3) == [('a', _INK), ('b', _INK), ('c?', _FAINT)]
    assert _text(list('abcd'), [], 3)[-1] == ('and 2 more', _FAINT)
    assert _text([], [], 3) == [('no label', _FAINT)]


def test_text_is_drawn(tmp_path):
    sheet = draw(tmp_path, [(10, 10)], [['lighthouse']], [['sea']])[8 + 64 :]
    assert (sheet == _INK).all(-1).any()
    assert (sheet == _FAINT).all(-1).any()


def test_lengths_must_agree(tmp_path):
    with pytest.raises(ValueError, match=r'images \(0\), labels \(1\) and unknown'):
        draw_contact_sheet(tmp_path / 'a.png', [], [['a']])
