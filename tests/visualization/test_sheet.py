import numpy as np
import pytest
from PIL import Image

from mvlr_mm.visualization import draw_sheet, judge
from mvlr_mm.visualization.sheet import MARKS

NAMES = ['sea', 'boat', 'moon', 'sun', 'car']
TRUTH = np.array([1, 1, 1, 0, 0])
SCORES = np.array([0.6, 0.9, 0.2, 0.5, 0.49])
# below the legend (31 px), a picture of 64 px and its gap
TOP, SIDE, TEXT = 31, 64, 31 + 64 + 2


def test_judge_sorts_into_found_missed_wrong():
    assert judge(NAMES, TRUTH, SCORES) == [
        ('found', 'boat', 0.9),
        ('found', 'sea', 0.6),
        ('missed', 'moon', 0.2),
        ('wrong', 'sun', 0.5),
    ]


def _draw(tmp_path, scores, count=1, **kwargs):
    path = tmp_path / 'sheet.png'
    images = [Image.new('RGB', (20, 20), (10, 20, 30 + i)) for i in range(count)]
    truth, scores = np.tile(TRUTH, (count, 1)), np.tile(scores, (count, 1))
    draw_sheet(path, images, NAMES, truth, scores, side=SIDE, **kwargs)
    return np.asarray(Image.open(path))


def _colors_below_picture(sheet):
    text = sheet[TEXT:, :140].reshape(-1, 3)
    return {
        kind for kind, (_, color) in MARKS.items() if (text == color).all(axis=1).any()
    }


@pytest.mark.parametrize(
    ('scores', 'kinds'),
    [
        ([1, 1, 1, 0, 0], {'found'}),
        ([0, 0, 0, 0, 0], {'missed'}),
        ([0, 0, 0, 1, 1], {'missed', 'wrong'}),
        (SCORES, {'found', 'missed', 'wrong'}),
    ],
)
def test_colours_tell_what_happened(tmp_path, scores, kinds):
    assert _colors_below_picture(_draw(tmp_path, np.array(scores))) == kinds


def test_pictures_lie_row_by_row(tmp_path):
    sheet = _draw(tmp_path, SCORES, count=3, columns=2, lines=5)
    step = SIDE + 8, SIDE + 15 * 5 + 16
    for i in range(3):
        x, y = 8 + i % 2 * step[0] + 5, TOP + i // 2 * step[1] + 5
        assert sheet[y, x].tolist() == [10, 20, 30 + i]
    assert sheet.shape == (2 * step[1] + TOP, 2 * step[0] + 8, 3)
    assert (sheet[TOP + step[1] :, 8 + step[0] :] == 255).all()


def test_legend_shows_every_colour(tmp_path):
    legend = _draw(tmp_path, SCORES, columns=8)[:TOP].reshape(-1, 3)
    for _, color in MARKS.values():
        assert (legend == color).all(axis=1).any()


def test_too_many_labels_are_counted(tmp_path):
    few = _draw(tmp_path, SCORES, lines=2)
    assert _colors_below_picture(few) == {'found'}
    assert (few[TEXT:].reshape(-1, 3) == (90, 90, 90)).all(axis=1).any()


def test_lengths_must_agree(tmp_path):
    with pytest.raises(ValueError, match=r'images \(1\), truth \(2\) and scores \(2\)'):
        draw_sheet(
            tmp_path / 'a.png',
            [Image.new('RGB', (4, 4))],
            NAMES,
            np.zeros((2, 5)),
            np.zeros((2, 5)),
        )
