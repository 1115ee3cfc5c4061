import json
from pathlib import Path

import numpy as np
import pytest
from mmcv.transforms import LoadImageFromFile
from mmpretrain.registry import TRANSFORMS
from PIL import Image

from mvlr_mm.datasets import LoadImageReduced

RESIZE = dict(type='Resize', interpolation='bicubic', backend='pillow')


@pytest.fixture
def draw(tmp_path):
    """Write a smooth picture, brightest top left, and return its path."""

    def write(width, height, suffix='.jpg', mode='RGB', orientation=None, **options):
        y, x = np.mgrid[0:height, 0:width]
        waves = 40 * np.sin(x / 9) * np.cos(y / 7)
        planes = [200 - 90 * x / width + waves, 190 - 90 * y / height, 120 + waves]
        img = np.stack(planes, axis=-1).clip(0, 255).astype(np.uint8)
        path = tmp_path / f'picture{suffix}'
        exif = Image.Exif()
        if orientation:
            exif[0x0112] = orientation
        Image.fromarray(img).convert(mode).save(path, exif=exif, **options)
        return str(path)

    return write


def load(path, **options):
    return LoadImageReduced(**options)({'img_path': path})


def stock(path):
    return LoadImageFromFile()({'img_path': path})


def resized(results, side):
    resize = TRANSFORMS.build(dict(RESIZE, scale=(side, side)))
    return resize(dict(results))['img'].astype(float)


@pytest.mark.parametrize(
    ('side', 'margin', 'factor'),
    [(41, 1, 8), (42, 1, 4), (81, 1, 4), (82, 1, 2), (162, 1, 1), (80, 2, 2)],
)
def test_takes_the_smallest_that_is_large_enough(draw, side, margin, factor):
    path = draw(431, 321)
    results = load(path, scale=(side, side), margin=margin)
    assert results['img_shape'] == (-(-321 // factor), -(-431 // factor))
    assert results['img'].shape == (*results['img_shape'], 3)
    assert results['img'].dtype == np.uint8
    assert results['ori_shape'] == (321, 431)


def test_the_larger_side_of_the_scale_counts(draw):
    assert load(draw(400, 330), scale=(50, 160), margin=1)['img_shape'] == (165, 200)


@pytest.mark.parametrize('factor', [2, 4, 8])
@pytest.mark.parametrize('mode', ['RGB', 'L', 'CMYK'])
@pytest.mark.parametrize('progressive', [False, True])
def test_looks_like_the_stock_picture(draw, mode, factor, progressive):
    path = draw(512, 384, mode=mode, quality=95, progressive=progressive)
    side = 384 // factor // 2
    results = load(path, scale=(side, side), margin=2)
    assert results['img_shape'] == (384 // factor, 512 // factor)
    difference = np.abs(resized(results, side) - resized(stock(path), side))
    assert difference.mean() < 1.5


@pytest.mark.parametrize('orientation', range(1, 9))
def test_exif_turns_it_as_the_stock_one_does(draw, orientation):
    path = draw(320, 240, orientation=orientation)
    results, full = load(path, scale=(60, 60)), stock(path)
    assert results['ori_shape'] == full['ori_shape']
    assert results['img_shape'] == tuple(side // 2 for side in full['img_shape'])
    difference = np.abs(resized(results, 60) - resized(full, 60))
    assert difference.mean() < 1.5


def test_a_picture_that_is_square_only_when_reduced_is_loaded_whole(draw):
    for orientation in (1, 6):
        path = draw(320, 319, orientation=orientation)
        results = load(path, scale=(60, 60))
        assert results['ori_shape'] == stock(path)['ori_shape']
        assert results['img_shape'] == results['ori_shape']


@pytest.mark.parametrize('suffix', ['.png', '.bmp', '.webp', '.gif'])
def test_other_formats_are_loaded_as_the_stock_one_loads_them(draw, suffix):
    path = draw(320, 240, suffix)
    results, full = load(path, scale=(30, 30)), stock(path)
    assert results.keys() == full.keys()
    np.testing.assert_array_equal(results['img'], full['img'])
    assert results['ori_shape'] == full['ori_shape']


def test_a_small_jpeg_is_loaded_as_the_stock_one_loads_it(draw):
    path = draw(100, 90)
    results, full = load(path, scale=(64, 64)), stock(path)
    np.testing.assert_array_equal(results['img'], full['img'])


def test_what_is_no_picture(tmp_path):
    (tmp_path / 'text.jpg').write_text('no picture')
    (tmp_path / 'empty.jpg').write_bytes(b'')
    for name, error, text in (
        ('text.jpg', ValueError, r'text\.jpg is no picture'),
        ('empty.jpg', ValueError, r'empty\.jpg is empty; copy it again'),
        ('missing.jpg', FileNotFoundError, r'missing\.jpg'),
    ):
        path = str(tmp_path / name)
        with pytest.raises(error, match=text):
            load(path, scale=(64, 64))
        loader = LoadImageReduced(scale=(64, 64), ignore_empty=True)
        assert loader({'img_path': path}) is None


def test_a_cut_jpeg_is_named(draw):
    path = draw(512, 384)
    content = Path(path).read_bytes()
    Path(path).write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match=r'picture\.jpg cannot be decoded: '):
        load(path, scale=(64, 64))


def test_is_built_from_a_config_and_says_what_it_is():
    cfg = dict(type='LoadImageReduced', scale=[448, 448], margin=2.0)
    assert repr(TRANSFORMS.build(cfg)) == (
        'LoadImageReduced(scale=(448, 448), margin=2.0, ignore_empty=False, '
        'bits=None, backend_args=None)'
    )


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(scale=0), r'scale \(\(0, 0\)\) must be a width and a height'),
        (dict(scale=(0, 448)), r'scale \(\(0, 448\)\) must be a width and a height'),
        (dict(scale=(448,)), r'scale \(\(448,\)\) must be a width and a height'),
        (
            dict(scale=(8, 8), margin=0.5),
            r'margin \(0\.5\) must be a finite number, at least 1',
        ),
    ],
)
def test_arguments_that_break_the_rules(options, message):
    with pytest.raises(ValueError, match=message):
        LoadImageReduced(**options)


def test_real_pictures_stay_within_the_stated_difference(shared_data):
    folder = shared_data / 'coco18'
    records = (folder / 'test.jsonl').read_text().splitlines()[:40]
    differences = []
    for record in map(json.loads, records):
        path = str(folder / 'images' / record['image'])
        full = stock(path)
        side = min(full['img_shape']) // 3
        results = load(path, scale=(side, side))
        if results['img_shape'] != full['img_shape']:
            difference = resized(results, side) - resized(full, side)
            differences.append(np.abs(difference).mean())
    assert len(differences) > 30
    assert 0.5 < np.mean(differences) < 2.5


def test_one_number_is_both_sides():
    assert LoadImageReduced(scale=448).scale == (448, 448)
