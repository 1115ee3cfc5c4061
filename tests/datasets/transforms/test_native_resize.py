import cv2
import numpy as np
import pytest
from mmpretrain.registry import TRANSFORMS
from PIL import Image


def photo(height, width, seed=0):
    """Return a picture with smooth parts, edges and noise, (H, W, 3)."""
    generator = np.random.default_rng(seed)
    small = generator.integers(0, 256, (height // 16 + 1, width // 16 + 1, 3))
    img = cv2.resize(small.astype(np.uint8), (width, height))
    img[: height // 3, : width // 2] = generator.integers(0, 256, 3)
    noise = generator.normal(0, 12, img.shape)
    return (img + noise).clip(0, 255).astype(np.uint8)


def by_pillow(img, scale, interpolation):
    resample = Image.Resampling[interpolation.upper()]
    return np.asarray(Image.fromarray(img).resize(scale, resample))


@pytest.mark.parametrize('interpolation', ['bilinear', 'bicubic'])
@pytest.mark.parametrize(
    ('shape', 'scale'),
    [
        ((480, 640), (448, 448)),
        ((213, 320), (224, 224)),
        ((64, 31), (17, 90)),
        ((1, 5), (8, 3)),
        ((50, 50), (50, 50)),
    ],
)
def test_the_pixels_are_pillows_but_for_rounding(shape, scale, interpolation):
    img = photo(*shape)
    resize = TRANSFORMS.build(
        dict(type='NativeResize', scale=scale, interpolation=interpolation)
    )
    given = img.copy()
    found = resize(dict(img=img))['img']
    apart = np.abs(found.astype(int) - by_pillow(img, scale, interpolation))
    assert found.shape == (*scale[::-1], 3)
    assert found.dtype == np.uint8
    assert found.flags['C_CONTIGUOUS']
    assert apart.max() <= 2
    assert (apart > 1).mean() <= 1e-3
    np.testing.assert_array_equal(img, given)


@pytest.mark.parametrize('options', [dict(), dict(keep_ratio=True)])
def test_it_says_what_mmcvs_resize_says(options):
    img = photo(60, 90)
    options = dict(scale=(40, 40), interpolation='bicubic', **options)
    found = TRANSFORMS.build(dict(type='NativeResize', **options))(dict(img=img))
    wanted = dict(type='Resize', backend='pillow', **options)
    expected = TRANSFORMS.build(wanted)(dict(img=img))
    apart = found.pop('img').astype(int) - expected.pop('img')
    assert np.abs(apart).max() <= 2
    assert found == expected


def test_views_and_other_types_pass():
    img = photo(40, 40)[:, ::-1]
    resize = TRANSFORMS.build(dict(type='NativeResize', scale=20))
    found = resize(dict(img=img))['img']
    expected = by_pillow(np.ascontiguousarray(img), (20, 20), 'bilinear')
    assert np.abs(found.astype(int) - expected).max() <= 2
    assert resize(dict(img=img[..., 0].copy()))['img'].shape == (20, 20)


def test_what_torch_has_not_is_refused_by_name():
    for options in (dict(interpolation='lanczos'), dict(backend='cv2')):
        ((name, value),) = options.items()
        with pytest.raises(ValueError, match=f"{name}.*'{value}'"):
            TRANSFORMS.build(dict(type='NativeResize', scale=20, **options))
    for scale in ((0, 0), (32, -1), 0, (32.0, 32.0)):
        with pytest.raises(ValueError, match='must be a width and a height in px'):
            TRANSFORMS.build(dict(type='NativeResize', scale=scale))


@pytest.mark.parametrize(('height', 'width'), [(1, 300), (300, 1)])
def test_a_very_thin_picture_keeps_a_row_of_pixels(height, width):
    """Its shorter side would be rounded to nothing."""
    resize = TRANSFORMS.build(
        dict(type='NativeResize', scale=(40, 40), keep_ratio=True)
    )
    found = resize(dict(img=np.full((height, width, 3), 7, np.uint8)))
    shape = (1, 40) if height == 1 else (40, 1)
    assert found['img'].shape == (*shape, 3)
    assert found['img_shape'] == shape
    assert (found['img'] == 7).all()
