import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from mvlr_mm.visualization import heat_map, overlay, share_map


@pytest.mark.parametrize('size', [(12, 8), (7, 9), (3, 2)])
def test_logits_are_interpolated_between_the_middles_of_patches(size):
    logits = np.random.default_rng(0).normal(0, 3, 6)
    grid = torch.tensor(logits).view(1, 1, 2, 3)
    expected = F.interpolate(grid, size[::-1], mode='bilinear', align_corners=False)
    ours = heat_map(logits, (2, 3), size)
    assert ours.shape == size[::-1]
    np.testing.assert_allclose(ours, expected[0, 0].sigmoid(), atol=1e-6)


def test_rows_come_first():
    heat = heat_map([9.0, 9.0, -9.0, -9.0], (2, 2), (4, 4))
    assert heat[0].min() > 0.99
    assert heat[-1].max() < 0.01


def test_a_label_that_is_not_seen_stays_cold():
    assert heat_map(np.linspace(-9, -6, 16), (4, 4), (32, 32)).max() < 0.01


def test_large_logits_stay_numbers():
    heat = heat_map([-1e4, 1e4], (1, 2), (2, 1))
    np.testing.assert_allclose(heat, [[0, 1]], atol=1e-12)


@pytest.mark.parametrize(
    ('logits', 'grid', 'size', 'text'),
    [
        (np.zeros(5), (2, 3), (4, 4), r'shape \(5,\).*\(2, 3\): \(6,\)'),
        (np.zeros((6, 20)), (2, 3), (4, 4), r'shape \(6, 20\).*one picture and label'),
        (np.zeros(6), (2, 3), (0, 4), r'size \(\(0, 4\)\)'),
        (np.full(6, np.nan), (2, 3), (4, 4), 'must be finite'),
    ],
)
def test_what_does_not_fit_is_named(logits, grid, size, text):
    with pytest.raises(ValueError, match=text):
        heat_map(logits, grid, size)


def test_cold_is_grey_and_hot_is_coloured():
    image = Image.new('RGB', (2, 1), (200, 40, 90))
    cold, hot = np.asarray(overlay(image, np.array([[0.0, 1.0]])))[0].astype(int)
    gray = np.asarray(image.convert('L'))[0, 0]
    assert cold.tolist() == [gray] * 3
    # the end of matplotlib's autumn is yellow
    np.testing.assert_allclose(hot, 0.3 * gray + 0.7 * np.array([255, 255, 0]), atol=1)


def test_another_size_is_refused():
    with pytest.raises(ValueError, match=r'shape \(2, 2\).*1 rows of 2.*\(2, 1\)'):
        overlay(Image.new('RGB', (2, 1)), np.zeros((2, 2)))


def test_shares_are_of_the_largest():
    heat = share_map([0.1, 0.0, 0.0, 0.2], (2, 2), (2, 2))
    np.testing.assert_allclose(heat, [[0.5, 0], [0, 1]], atol=1e-6)
    assert share_map(np.zeros(4), (2, 2), (8, 8)).max() == 0


def test_negative_shares_are_refused():
    with pytest.raises(ValueError, match='weights must not be negative; the least is'):
        share_map([0.5, -0.5], (1, 2), (2, 1))
