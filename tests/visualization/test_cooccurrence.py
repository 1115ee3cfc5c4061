import numpy as np
import pytest
from PIL import Image

from mvlr_mm.visualization import cooccurrence_shares, draw_cooccurrence


def by_loop(states):
    count = states.shape[1]
    shares = np.full((count, count), np.nan)
    for i in range(count):
        for j in range(count):
            rows = [row for row in states if row[i] == 1 and row[j] >= 0]
            if rows:
                shares[i, j] = sum(row[j] == 1 for row in rows) / len(rows)
    return shares


def test_shares_are_those_of_the_loop():
    states = np.random.default_rng(0).integers(-1, 2, (40, 5)).astype(np.int8)
    states[:, 3] = 0  # nowhere there: its row is nan
    states[states[:, 0] == 1, 4] = -1  # never known where label 0 is there
    np.testing.assert_allclose(cooccurrence_shares(states), by_loop(states))
    assert np.isnan(cooccurrence_shares(states)[3]).all()
    assert np.isnan(cooccurrence_shares(states)[0, 4])


def test_the_map_has_every_name_and_no_diagonal(tmp_path):
    states = np.array([[1, 1, 0], [1, 0, 0], [0, 1, 1]], dtype=np.int8)
    names = ['sea', 'boat', 'moon']
    path = tmp_path / 'map.png'
    axes = draw_cooccurrence(path, names, states, 'train').axes[0]
    shares = np.asarray(axes.images[0].get_array().filled(np.nan))
    np.testing.assert_allclose(shares[0], [np.nan, 50, 0])
    np.testing.assert_allclose(shares[2], [0, 100, np.nan])
    assert [text.get_text() for text in axes.get_yticklabels()] == names
    assert Image.open(path).size[0] > 100


def test_of_thousands_of_labels_the_most_frequent_are_drawn(tmp_path):
    states = np.zeros((4, 3000), dtype=np.int8)
    for i, times in ((2999, 4), (7, 3), (1500, 2), (40, 1)):
        states[:times, i] = 1
    names = [f'label {i}' for i in range(3000)]
    path = tmp_path / 'map.png'
    axes = draw_cooccurrence(path, names, states, 'train', most=3).axes[0]
    drawn = [text.get_text() for text in axes.get_yticklabels()]
    assert drawn == ['label 7', 'label 1500', 'label 2999']
    assert axes.get_title() == 'train, the 3 most frequent of 3,000 labels'
    np.testing.assert_allclose(axes.images[0].get_array()[0, 1:], [200 / 3, 100])


def test_names_must_fit(tmp_path):
    with pytest.raises(ValueError, match=r'states has the shape \(2, 3\), and must'):
        draw_cooccurrence(tmp_path / 'a.png', ['a'], np.zeros((2, 3)))
