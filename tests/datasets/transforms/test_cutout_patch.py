import numpy as np
import pytest
from mmpretrain.registry import TRANSFORMS

from mvlr_mm.datasets import CutoutPatch


def cut(seed, img, factor=0.5):
    np.random.seed(seed)
    return CutoutPatch(factor)({'img': img})['img']


def changed(seed, shape=(40, 60, 3), factor=0.5):
    """Where two pictures that share no pixel agree, the patch lies."""
    black, white = np.zeros(shape, np.uint8), np.full(shape, 255, np.uint8)
    return (cut(seed, black, factor) == cut(seed, white, factor)).all(-1)


def test_one_rectangle_of_one_colour():
    for seed in range(20):
        mask = changed(seed)
        rows, columns = mask.any(1), mask.any(0)
        np.testing.assert_array_equal(mask, rows[:, None] & columns)
        assert rows.sum() <= 20
        assert columns.sum() <= 30
        out = cut(seed, np.zeros((40, 60, 3), np.uint8))
        assert len(np.unique(out[mask], axis=0)) == 1
        assert out.dtype == np.uint8


def test_the_centre_is_uniform_and_the_rest_is_clipped():
    masks = np.stack([changed(seed) for seed in range(400)])
    # P(covered) is 1/2 per axis in the middle and 1/4 at a corner's axis
    assert masks[:, 20, 30].mean() == pytest.approx(0.25, abs=0.07)
    assert masks[:, 0, 0].mean() == pytest.approx(0.0625, abs=0.04)
    sizes = masks.sum((1, 2))
    assert sizes.max() == 20 * 30
    assert sizes.min() < 20 * 30 / 2


def test_the_input_is_left_alone_and_the_colours_vary():
    img = np.zeros((8, 8, 3), np.uint8)
    outs = [cut(seed, img) for seed in range(5)]
    assert not img.any()
    assert len({tuple(out.max((0, 1))) for out in outs}) == 5


def test_factor_one_can_cover_no_more_than_the_picture():
    for seed in range(20):
        mask = changed(seed, (7, 9, 3), 1.0)
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        # the half on one side of the centre at least, and a rectangle up to the border
        assert 4 <= len(rows) <= 7
        assert 5 <= len(columns) <= 9
        assert rows[0] == 0 or rows[-1] == 6
        assert columns[0] == 0 or columns[-1] == 8
        assert mask.sum() == len(rows) * len(columns)


@pytest.mark.parametrize('factor', [0, -0.5, 1.5])
def test_a_factor_out_of_range_is_refused(factor):
    with pytest.raises(
        ValueError, match=rf'factor \({factor}\) must be a finite number, above 0'
    ):
        TRANSFORMS.build(dict(type='CutoutPatch', factor=factor))


@pytest.mark.parametrize('view', [(1, -1), (-1, 1), (-1, -1)])
def test_a_flipped_view_gives_the_same_as_its_copy(view):
    given = np.random.default_rng(0).integers(0, 256, (40, 61, 3), np.uint8)
    flipped = given[:: view[0], :: view[1]]
    before = given.copy()
    found = cut(3, flipped)
    np.testing.assert_array_equal(found, cut(3, np.ascontiguousarray(flipped)))
    assert found.flags['C_CONTIGUOUS']
    np.testing.assert_array_equal(given, before)
