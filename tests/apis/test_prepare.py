import threading

import numpy as np
import pytest
import torch
from PIL import Image

from mvlr_mm.apis.picture_sources import EncodedPicture
from mvlr_mm.apis.prepare import Preparation, batches, map_ahead


def test_results_keep_the_order_and_the_source_is_read_no_further_than_said():
    read, gate = [], threading.Event()

    def source():
        for i in range(20):
            read.append(i)
            yield i

    def work(i):
        if i == 0:  # the first is the slowest
            gate.wait(5)
        return i * i

    found = map_ahead(work, source(), ahead=4, threads=3)
    assert read == []
    threading.Timer(0.05, gate.set).start()
    assert next(found) == 0
    assert len(read) == 4
    assert list(found) == [i * i for i in range(1, 20)]
    assert [len(b) for b in batches(iter(range(7)), 3)] == [3, 3, 1]


def test_an_error_of_the_work_reaches_the_caller():
    def fail(i):
        raise KeyError(i)

    with pytest.raises(KeyError):
        list(map_ahead(fail, [1, 2], ahead=2, threads=1))


@pytest.mark.parametrize('loader', ['LoadPicture', 'LoadImageFromFile'])
def test_the_content_of_a_file_is_read_as_the_file_is(trained, loader):
    resize = dict(type='Resize', scale=(32, 32))
    prepare = Preparation([dict(type=loader), resize, dict(type='PackInputs')])
    path = trained.pictures[3]
    with open(path, 'rb') as file:
        found = prepare(EncodedPicture('shard.tar::3.png', file.read()))
    assert found.path == 'shard.tar::3.png'
    assert torch.equal(found.data['inputs'], prepare(path).data['inputs'])
    spoiled = prepare(EncodedPicture('shard.tar::4.png', b'no picture'))
    assert spoiled.error.startswith('shard.tar::4.png is no picture')


def test_an_image_that_is_given_twice_is_decoded_once(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (1500, 1500, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / 'a.jpg')
    prepare = Preparation([dict(type='LoadPicture'), dict(type='PackInputs')])
    image = Image.open(tmp_path / 'a.jpg')
    found = list(map_ahead(prepare, [image] * 8, ahead=8, threads=8))
    assert [one.error for one in found] == [None] * 8
    expected = prepare(str(tmp_path / 'a.jpg')).data['inputs']
    assert all(torch.equal(one.data['inputs'], expected) for one in found)


def test_a_loader_of_grey_pictures_gives_grey_pixels(tmp_path):
    grey = np.random.default_rng(0).integers(0, 255, (6, 5), np.uint8)
    Image.fromarray(grey).save(tmp_path / 'a.png')
    load = dict(type='LoadImageFromFile', color_type='grayscale')
    prepare = Preparation([load, dict(type='PackInputs')])
    expected = prepare(str(tmp_path / 'a.png')).data['inputs']
    assert expected.shape == (1, 6, 5)
    content = EncodedPicture('a.png', (tmp_path / 'a.png').read_bytes())
    for picture in (grey, np.stack([grey] * 3, 2), Image.fromarray(grey), content):
        assert torch.equal(prepare(picture).data['inputs'], expected)


@pytest.mark.parametrize(
    ('array', 'message'),
    [
        (np.zeros((2, 2, 4), np.uint8), 'must be'),
        (np.zeros((0, 2, 3), np.uint8), 'must be'),
        (np.zeros((2, 2), bool), 'not bool'),
        (np.full((2, 2, 3), 7.5), 'only 0 to 1'),
        (np.full((2, 2, 3), -1), 'not those of'),
    ],
)
def test_arrays_that_are_no_pictures(array, message):
    found = Preparation([dict(type='LoadPicture'), dict(type='PackInputs')])(array)
    assert message in found.error
    assert found.data is None


def test_arrays_may_be_read_only(recwarn):
    """Torch would warn of them, and of what numpy makes of grey ones."""
    grey, colour = np.zeros((4, 5), np.uint8), np.zeros((4, 5, 3), np.uint8)
    colour.setflags(write=False)
    torch.set_warn_always(True)
    try:
        for array in (grey, colour):
            steps = [dict(type='NativeResize', scale=(8, 8)), dict(type='PackInputs')]
            assert Preparation(steps)(array).data['inputs'].shape == (3, 8, 8)
    finally:
        torch.set_warn_always(False)
    assert not recwarn.list


def test_arrays_of_more_bits_are_scaled_as_files_are():
    prepare = Preparation([dict(type='LoadPicture'), dict(type='PackInputs')])
    ramp = np.arange(12, dtype=np.uint16).reshape(2, 6) * 300
    found = prepare(ramp).data['inputs']
    expected = np.floor(255 / 4095 * ramp + 0.5)
    assert found.shape == (3, 2, 6)
    np.testing.assert_array_equal(found[0], expected)
    real = prepare(np.linspace(0, 1, 6).reshape(2, 3)).data['inputs']
    assert real[1].flatten().tolist() == [0, 51, 102, 153, 204, 255]


def test_a_pipeline_that_packs_nothing_is_said():
    prepared = Preparation([dict(type='LoadPicture'), dict(type='Resize', scale=8)])
    found = prepared(np.zeros((4, 4, 3), np.uint8))
    assert 'gives no `inputs`' in found.error
