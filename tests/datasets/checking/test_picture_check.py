import hashlib
import io

import numpy as np
import pytest
from PIL import Image

from mvlr_mm.datasets.checking.picture_check import inspect_picture, inspect_pictures


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
    digest, problem = inspect_picture(write('a', content))
    assert problem is None
    assert digest == hashlib.blake2b(content, digest_size=16).hexdigest()


@pytest.mark.parametrize(
    ('content', 'problem'),
    [
        (b'', 'is empty'),
        (b'<html>not found</html>', 'is no picture, or of a kind that Pillow'),
        (encoded()[:-400], 'cannot be decoded: image file is truncated'),
        (encoded(kind='PNG')[:-4000], 'cannot be decoded: '),
    ],
)
def test_a_bad_picture(write, content, problem):
    digest, found = inspect_picture(write('a', content))
    assert found.startswith(problem)
    assert '0x' not in found  # no address in memory
    assert digest is not None


def test_a_kind_that_training_cannot_load(write):
    path = write('a.ico', encoded(kind='ICO', sizes=[(16, 16)]))
    _, problem = inspect_picture(path)
    assert problem.startswith('cannot be decoded by OpenCV, which loads it in training')


def test_missing_and_unreadable(tmp_path):
    assert inspect_picture(str(tmp_path / 'no.jpg')) == (None, 'does not exist')
    digest, problem = inspect_picture(str(tmp_path))
    assert digest is None
    assert problem == 'cannot be read: Is a directory'


def test_processes_keep_the_order(write):
    paths = [write(f'{i}.jpg', encoded(i)) for i in range(40)]
    paths[7] = 'nowhere.jpg'
    found = list(inspect_pictures(paths, workers=2))
    assert found == [inspect_picture(path) for path in paths]
    assert found[7].problem == 'does not exist'
