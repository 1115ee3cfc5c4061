import cv2
import numpy as np
import pytest
from mmcv.transforms import LoadImageFromFile
from mmpretrain.registry import TRANSFORMS
from torch.utils.data import DataLoader

from mvlr_mm.datasets import LoadImageReduced, LoadPicture, MultiLabelList


@pytest.fixture
def path(tmp_path):
    values = np.random.default_rng(0).integers(0, 256, (30, 40, 3)).astype(np.uint8)
    cv2.imwrite(str(tmp_path / 'a.png'), values)
    return str(tmp_path / 'a.png')


def test_adds_what_the_stock_loader_adds(path):
    results, stock = (
        load({'img_path': path}) for load in (LoadPicture(), LoadImageFromFile())
    )
    assert results.keys() == stock.keys()
    np.testing.assert_array_equal(results.pop('img'), stock.pop('img'))
    assert results == stock


def test_bits_are_handed_on(tmp_path):
    path = str(tmp_path / 'a.png')
    cv2.imwrite(path, np.full((5, 5), 1000, np.uint16))
    for bits, value in ((None, 249), (12, 62)):
        results = LoadPicture(bits=bits)({'img_path': path})
        assert results['img'].mean() == value


def test_a_picture_that_is_there_passes():
    results = {'img': np.zeros((2, 2, 3), np.uint8)}
    assert LoadPicture()(dict(results)).keys() == results.keys()


@pytest.mark.parametrize('loader', [LoadPicture(), LoadImageReduced((8, 8))])
def test_the_content_of_a_file_may_be_given(path, loader):
    with open(path, 'rb') as file:
        given = {'img_path': 'shard.tar::0.png', 'img_bytes': file.read()}
    results, expected = loader(given), loader({'img_path': path})
    assert results.pop('img_path') == 'shard.tar::0.png'
    expected.pop('img_path')
    np.testing.assert_array_equal(results.pop('img'), expected.pop('img'))
    assert results == expected
    with pytest.raises(ValueError, match=r'shard.tar::1.png is empty'):
        loader({'img_path': 'shard.tar::1.png', 'img_bytes': b''})


def test_is_built_from_a_config_and_says_what_it_is():
    loader = TRANSFORMS.build(dict(type='LoadPicture', bits=12))
    assert repr(loader) == 'LoadPicture(bits=12, backend_args=None)'
    with pytest.raises(ValueError, match=r'bits \(7\) must be 8 to 16, or None'):
        LoadPicture(bits=7)


def test_a_worker_names_the_picture(tmp_path, path):
    (tmp_path / 'empty.png').touch()
    (tmp_path / 'cut.png').write_bytes((tmp_path / 'a.png').read_bytes()[:-30])
    for name, text in (('empty', 'is empty'), ('cut', 'cannot be decoded')):
        (tmp_path / 'l.txt').write_text(f'{name}.png cat')
        pipeline = [dict(type='LoadPicture')]
        dataset = MultiLabelList('l.txt', ['cat'], str(tmp_path), pipeline=pipeline)
        with pytest.raises(ValueError, match=f'{tmp_path}/{name}.png {text}'):
            next(iter(DataLoader(dataset, num_workers=1)))
