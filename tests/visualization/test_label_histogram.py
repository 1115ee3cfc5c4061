import numpy as np
import pytest
from PIL import Image

from mvlr_mm.visualization import draw_label_histogram

STATES = {
    'train': np.array([[1, 1, 0], [0, 1, -1], [0, 1, 0], [0, 0, 0]], dtype=np.int8),
    'val': np.array([[1, 0, 1], [1, -1, 0]], dtype=np.int8),
}


def test_bars_are_shares_in_the_order_of_the_first_split(tmp_path):
    path = tmp_path / 'labels.png'
    figure = draw_label_histogram(path, ['sea', 'boat', 'moon'], STATES)
    axes = figure.axes[0]
    names = [text.get_text() for text in axes.get_yticklabels()]
    assert names == ['boat', 'sea', 'moon']
    widths = [[bar.get_width() for bar in group] for group in axes.containers]
    assert widths == [[75, 25, 0], [0, 100, 50]]
    assert [text.get_text() for text in axes.texts] == ['3', '1', '0', '0', '2', '1']
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ['train (4 pictures)', 'val (2 pictures)']
    assert Image.open(path).size[0] > 100


def test_many_labels_are_cut_and_said(tmp_path):
    states = {'train': np.eye(5, dtype=np.int8)}
    figure = draw_label_histogram(tmp_path / 'a.png', list('abcde'), states, 3)
    assert len(figure.axes[0].containers[0]) == 3
    assert figure.get_suptitle() == 'the 3 most frequent of 5 labels'


def test_more_labels_than_rows_make_another_panel(tmp_path):
    states = {'train': np.tril(np.ones((50, 50), dtype=np.int8))}
    names = [str(i) for i in range(50)]
    figure = draw_label_histogram(tmp_path / 'a.png', names, states)
    shown = [
        [text.get_text() for text in axes.get_yticklabels()] for axes in figure.axes
    ]
    assert shown == [names[:25], names[25:]]


@pytest.mark.parametrize(
    ('states', 'message'),
    [
        ({}, 'at least one split'),
        (
            {'val': np.zeros((0, 2))},
            r"states\['val'\] has the shape \(0, 2\), and must",
        ),
        ({'val': np.zeros((4, 3))}, r'and 2 labels, as names'),
    ],
)
def test_bad_states(tmp_path, states, message):
    with pytest.raises(ValueError, match=message):
        draw_label_histogram(tmp_path / 'a.png', ['a', 'b'], states)
