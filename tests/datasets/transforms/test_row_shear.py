import cv2
import numpy as np
import pytest
from mmpretrain.registry import TRANSFORMS

RNG = np.random.default_rng(0)
IMG = cv2.resize(RNG.integers(0, 256, (9, 11, 3), np.uint8), (61, 47))
IMG[5:20, 30:50] = RNG.integers(0, 256, (15, 20, 3), np.uint8)
#: OpenCV 4 rounds positions to a 32nd of a pixel.
EXACT = int(cv2.__version__.split('.')[0]) >= 5


def shear(img, kind='RowShear', **options):
    options = dict(prob=1.0, random_negative_prob=0.0) | options
    return TRANSFORMS.build(dict(type=kind, **options))(dict(img=img))['img']


def by_loop(img, magnitude, padding):
    """Keys' cubic convolution along a row (1981, eq. 15, there with a = -1/2)."""

    def kernel(d, a=-0.75):
        if d <= 1:
            return (a + 2) * d**3 - (a + 3) * d**2 + 1
        return a * (d**3 - 5 * d**2 + 8 * d - 4) if d < 2 else 0.0

    width = img.shape[1]
    out = np.zeros(img.shape)
    for y, x, c in np.ndindex(img.shape):
        at = x - magnitude * y
        for i in range(int(np.floor(at)) - 1, int(np.floor(at)) + 3):
            value = img[y, i, c] if 0 <= i < width else padding
            out[y, x, c] += kernel(abs(at - i)) * value
    return out.clip(0, 255)


@pytest.mark.parametrize('magnitude', [0.3, -0.17, 0.0, 0.5, -1.5])
@pytest.mark.parametrize('direction', ['horizontal', 'vertical'])
def test_it_is_the_cubic_convolution_of_each_row(magnitude, direction):
    img = IMG[:20, :25].copy()
    found = shear(img, magnitude=magnitude, direction=direction, pad_val=90)
    expected = by_loop(img, magnitude, 90)
    if direction == 'vertical':
        expected = by_loop(img.swapaxes(0, 1), magnitude, 90).swapaxes(0, 1)
    assert np.abs(found - expected).max() <= 0.501
    assert found.dtype == np.uint8
    assert found.flags.c_contiguous


@pytest.mark.parametrize('magnitude', [0.3, -0.17, 0.02])
@pytest.mark.parametrize('direction', ['horizontal', 'vertical'])
@pytest.mark.parametrize('pad_val', [128, (3, 120, 250)])
def test_it_is_mmpretrains_shear_but_for_single_grey_levels(
    magnitude, direction, pad_val
):
    options = dict(magnitude=magnitude, direction=direction, pad_val=pad_val)
    given = IMG.copy()
    found = shear(IMG, **options)
    apart = np.abs(found.astype(int) - shear(IMG, 'Shear', **options))
    assert apart.max() <= (1 if EXACT else 8)
    # a magnitude of few digits has many sums that lie between two levels
    assert apart.mean() <= (0.02 if EXACT else 0.4)
    assert np.abs(found.astype(int) - IMG).mean() > 1
    np.testing.assert_array_equal(IMG, given)


def test_the_same_random_numbers_give_the_same_shears():
    options = dict(
        magnitude_range=(0, 0.3), magnitude_level=9, magnitude_std=0.5, prob=0.5
    )
    changed = 0
    for seed in range(30):
        found = []
        for kind in ('Shear', 'RowShear'):
            np.random.seed(seed)
            found.append(shear(IMG, kind, random_negative_prob=0.5, **options))
        apart = np.abs(np.subtract(*found, dtype=int)).mean()
        assert apart <= (0.02 if EXACT else 0.4)
        changed += (found[1] != IMG).any()
    assert 5 < changed < 25


def test_the_rest_is_mmpretrains():
    for img, options in (
        (IMG, dict(interpolation='bilinear')),
        (IMG.astype(np.float32), dict()),
        (IMG[..., 0], dict()),
        (np.concatenate([IMG, IMG[..., :1]], axis=2), dict()),
    ):
        found = shear(img, magnitude=0.2, **options)
        np.testing.assert_array_equal(
            found, shear(img, 'Shear', magnitude=0.2, **options)
        )
    grey = shear(IMG[..., :1], magnitude=0.2)
    np.testing.assert_array_equal(grey, shear(IMG, magnitude=0.2)[..., :1])
