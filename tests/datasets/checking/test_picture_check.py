import hashlib
import io
import os

import cv2
import numpy as np
import pytest
from mmcv.transforms import LoadImageFromFile
from mmengine import fileio
from PIL import Image

from mvlr_mm.datasets.checking.picture_check import (
    inspect_picture,
    inspect_pictures,
)
from mvlr_mm.datasets.transforms import LoadImageReduced, LoadPicture

LOAD = LoadPicture()


def encoded(seed=0, kind='JPEG', **options):
    pixels = np.random.default_rng(seed).integers(0, 255, (40, 60, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


@pytest.fixture
def write(tmp_path):
    def put(name, content):
        (tmp_path / name).write_bytes(content)
        return str(tmp_path / name)

    return put


@pytest.mark.parametrize('kind', ['JPEG', 'PNG', 'BMP', 'WEBP'])
def test_a_good_picture(write, kind):
    content = encoded(kind=kind)
    digest, problem, bits = inspect_picture(write('a', content), LOAD)
    assert (problem, bits) == (None, None)
    assert digest == hashlib.blake2b(content, digest_size=16).hexdigest()


@pytest.mark.parametrize(
    ('content', 'problem'),
    [
        (b'', 'is empty'),
        (b'<html>not found</html>', 'is no picture, or of a kind that cannot be read'),
        (encoded()[:-400], 'cannot be decoded: image file is truncated'),
        (encoded(kind='PNG')[:-4000], 'cannot be decoded: '),
    ],
)
def test_a_bad_picture(write, content, problem):
    digest, found, _ = inspect_picture(write('a', content), LOAD)
    assert found.startswith(problem)
    assert '0x' not in found  # no address in memory
    assert digest is not None


@pytest.mark.parametrize('load', [LOAD, LoadImageReduced((8, 8)), LoadImageFromFile()])
def test_what_another_loader_cannot_load_is_no_good_picture(write, load):
    assert inspect_picture(write('a.png', encoded(kind='PNG')), load).problem is None
    problem = inspect_picture(write('a.ico', encoded(kind='ICO')), load).problem
    assert (problem is None) == isinstance(load, LoadPicture)
    for content in (encoded()[:-400], b''):
        problem = inspect_picture(write('a.jpg', content), load).problem
        assert problem.startswith(('cannot be decoded: ', 'is empty; copy'))


def test_16_bits_are_said_and_need_a_loader_that_scales_them(tmp_path):
    path = str(tmp_path / 'a.png')
    cv2.imwrite(path, np.full((5, 5), 4000, np.uint16))
    assert inspect_picture(path, LOAD)[1:] == (None, 12)
    assert inspect_picture(path, LoadImageReduced((8, 8)))[1:] == (None, 12)
    problem = inspect_picture(path, LoadPicture(bits=10)).problem
    assert problem.startswith('holds values from 4000 to 4000, which are not')
    problem = inspect_picture(path, LoadImageFromFile()).problem
    assert problem == (
        'has uint16 values, which LoadImageFromFile does not scale; load it with '
        'LoadPicture'
    )


def test_missing_and_unreadable(tmp_path):
    found = inspect_picture(str(tmp_path / 'no.jpg'), LOAD)
    assert found == (None, 'does not exist', None)
    digest, problem, _ = inspect_picture(str(tmp_path), LOAD)
    assert digest is None
    assert problem == 'cannot be read: Is a directory'


@pytest.mark.parametrize('name', ['a.jpg', 'a b.jpg'])
def test_an_address_that_cannot_be_read_is_told(name):
    digest, problem, _ = inspect_picture(f'http://127.0.0.1:9/{name}', LOAD)
    assert digest is None
    assert problem.startswith('cannot be read: ')
    assert 'None' not in problem


def test_an_address_of_an_unknown_kind_is_told():
    problem = inspect_picture('file:///a.jpg', LOAD).problem
    assert problem.startswith('is no address that can be read; give the path')


def test_a_name_that_no_file_can_have_is_told():
    _, problem, _ = inspect_picture('a\0.jpg', LOAD)
    assert problem == 'cannot be read: embedded null byte'


def test_files_are_read_by_the_backend_of_the_loader(write):
    content = encoded()

    @fileio.register_backend('elsewhere', force=True)
    class Elsewhere(fileio.LocalBackend):
        def get(self, filepath):
            return content

    load = LoadPicture(backend_args=dict(backend='elsewhere'))
    assert inspect_picture('bucket/a.jpg', load).problem is None


def test_processes_keep_the_order(write):
    paths = [write(f'{i}.jpg', encoded(i)) for i in range(40)]
    paths[7] = 'nowhere.jpg'
    found = list(inspect_pictures(paths, [LOAD] * len(paths), workers=2))
    assert found == [inspect_picture(path, LOAD) for path in paths]
    assert found[7].problem == 'does not exist'


class Killed(LoadImageFromFile):
    """Stands for a picture that takes all memory."""

    def transform(self, results):
        os._exit(9)


def test_a_process_that_is_ended_from_outside_is_told(write):
    path = write('a.png', encoded(kind='PNG'))
    with pytest.raises(ChildProcessError, match='start again with fewer --workers'):
        list(inspect_pictures([path], [Killed()], workers=1))
