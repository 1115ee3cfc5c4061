import json
import os

import numpy as np
import pytest

from mvlr_mm.datasets.formats import coco_index
from mvlr_mm.datasets.formats.coco_index import read_coco_labels


def write(folder, category=2, name='a.jpg'):
    path = folder / 'instances.json'
    content = dict(
        images=[dict(id=7, file_name=name), dict(id=8, file_name='b.jpg')],
        annotations=[
            dict(image_id=8, category_id=category, iscrowd=1),
            dict(image_id=7, category_id=1),
        ],
        categories=[dict(id=2, name='dog'), dict(id=1, name='cat')],
    )
    path.write_text(json.dumps(content))
    return str(path)


def same(first, second):
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_pairs_are_in_the_order_of_the_pictures(tmp_path):
    labels = read_coco_labels(write(tmp_path))
    assert (labels.files, labels.names) == (['a.jpg', 'b.jpg'], ['cat', 'dog'])
    assert labels.picture.tolist() == [0, 1]
    assert labels.category.tolist() == [0, 1]
    assert labels.crowd.tolist() == [False, True]


@pytest.fixture
def reads(monkeypatch):
    """The paths whose json was read."""
    paths, read = [], coco_index.read_coco_json
    monkeypatch.setattr(
        coco_index, 'read_coco_json', lambda p: paths.append(p) or read(p)
    )
    return paths


def test_the_second_reading_is_the_index(tmp_path, reads):
    path = write(tmp_path)
    first, second = read_coco_labels(path), read_coco_labels(path)
    assert len(reads) == 1
    assert same(first, second)
    assert sorted(os.listdir(tmp_path)) == [
        'instances.json',
        'instances.json.index.npz',
    ]


def test_another_content_makes_it_anew_whatever_its_size_and_time(tmp_path, reads):
    path = write(tmp_path)
    read_coco_labels(path)
    state = os.stat(path)
    write(tmp_path, category=1)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert os.stat(path).st_size == state.st_size
    assert read_coco_labels(path).category.tolist() == [0, 0]
    os.utime(path)  # the same content at another time
    read_coco_labels(path)
    assert len(reads) == 2


def _truncated(path):
    path.write_bytes(path.read_bytes()[:-30])


def _written_anew(path):
    """By something that knows the form of the index, and not its end."""
    stored = dict(np.load(path))
    stored['category'] += 5
    np.savez(path, **stored)


@pytest.mark.parametrize(
    'spoil',
    [
        _truncated,
        _written_anew,
        lambda path: path.write_bytes(b''),
        lambda path: path.write_bytes(b'no zip'),
    ],
)
def test_a_spoilt_index_is_made_anew(tmp_path, reads, spoil):
    path = write(tmp_path)
    first = read_coco_labels(path)
    spoil(tmp_path / 'instances.json.index.npz')
    assert same(first, read_coco_labels(path))
    assert same(first, read_coco_labels(path))
    assert len(reads) == 2


def test_a_folder_that_cannot_be_written_to_is_said_once(tmp_path, monkeypatch, reads):
    path, said = write(tmp_path), []
    monkeypatch.setattr(
        coco_index, 'print_log', lambda text, *_, **__: said.append(text)
    )

    def refuse(*args, **kwargs):
        raise OSError(30, 'Read-only file system')

    monkeypatch.setattr(coco_index.Path, 'write_bytes', refuse)
    assert read_coco_labels(path).files == ['a.jpg', 'b.jpg']
    assert len(said) == 1
    assert 'index.npz cannot be written (Read-only file system)' in said[0]
    assert os.listdir(tmp_path) == ['instances.json']


def test_flipped_bytes_never_make_a_reading_fail(tmp_path):
    path, index = write(tmp_path), tmp_path / 'instances.json.index.npz'
    first = read_coco_labels(path)
    content = index.read_bytes()
    for at in range(0, len(content), 13):
        spoilt = bytearray(content)
        spoilt[at] ^= 0xFF
        index.write_bytes(spoilt)
        assert same(first, read_coco_labels(path))
        assert index.read_bytes() == content


def test_an_index_that_holds_something_else_is_made_anew(tmp_path, reads):
    path, index = write(tmp_path), tmp_path / 'instances.json.index.npz'
    first = read_coco_labels(path)
    with index.open('wb') as file:
        np.savez(file, stamp=coco_index._stamp(path), files=np.array([{}], object))
    body = index.read_bytes()
    index.write_bytes(body + coco_index._digest(body))
    assert same(first, read_coco_labels(path))
    assert len(reads) == 2
