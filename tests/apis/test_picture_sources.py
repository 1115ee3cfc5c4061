import os

import numpy as np
import pytest
import torch
from PIL import Image

from mvlr_mm.apis.picture_sources import (
    EncodedPicture,
    PictureFile,
    each_picture,
    find_pictures,
    is_excluded,
)
from mvlr_mm.apis.prepare import Preparation


@pytest.fixture
def folder(tmp_path):
    for name in (
        'b.jpg',
        'a.PNG',
        'notes.txt',
        '.hidden.jpg',
        'in/c.webp',
        'in/x/d.gif',
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / '.cache').mkdir()
    (tmp_path / '.cache/e.jpg').touch()
    (tmp_path / 'in/loop').symlink_to(tmp_path)
    return tmp_path


def names(folder, found):
    return [str(path).removeprefix(f'{folder}/') for path in found]


def test_folders(folder):
    assert names(folder, find_pictures(folder)) == ['a.PNG', 'b.jpg']
    everything = ['a.PNG', 'b.jpg', 'in/c.webp', 'in/x/d.gif']
    assert names(folder, find_pictures(folder, recursive=True)) == everything
    assert names(folder, each_picture([folder], recursive=True)) == everything


def test_a_link_to_itself_stops_no_other_picture(folder):
    for name in ('in/loop.jpg', 'in/round'):
        (folder / name).symlink_to(folder / name)
    found = names(folder, find_pictures(folder, recursive=True))
    assert found == ['a.PNG', 'b.jpg', 'in/c.webp', 'in/loop.jpg', 'in/x/d.gif']
    read = Preparation([dict(type='LoadPicture')])
    assert 'symbolic links' in read(f'{folder}/in/loop.jpg').error


def test_a_pipe_is_no_picture(folder):
    os.mkfifo(folder / 'in/pipe.jpg')
    (folder / 'in/to_pipe.jpg').symlink_to(folder / 'in/pipe.jpg')
    (folder / 'in/nowhere.jpg').symlink_to(folder / 'gone')
    found = [os.path.basename(path) for path in find_pictures(folder / 'in')]
    assert 'nowhere.jpg' in found  # reading it says why
    assert not {'pipe.jpg', 'to_pipe.jpg'} & {*found}


def test_a_folder_that_may_not_be_looked_into_comes_out_itself(folder, monkeypatch):
    scan = os.scandir

    def refuse(path):
        if str(path) == f'{folder}/in':
            raise PermissionError(13, 'Permission denied', path)
        return scan(path)

    monkeypatch.setattr(os, 'scandir', refuse)
    found = find_pictures(folder, recursive=True)
    assert names(folder, found) == ['a.PNG', 'b.jpg', 'in']
    read = Preparation([dict(type='LoadPicture')])
    assert read(f'{folder}/in').error.startswith('[Errno 13] Permission denied')


def test_other_files_by_name(folder):
    found = find_pictures(folder, True, ('.txt', '.gif'))
    assert names(folder, found) == ['notes.txt', 'in/x/d.gif']
    assert is_excluded('a/b.jpg', ['c', 'b.*'])
    assert is_excluded('a/b.jpg', ['a/*'])
    assert not is_excluded('a/b.jpg', ['a', '*.png'])


def test_patterns_and_files(folder, monkeypatch):
    assert names(folder, each_picture(f'{folder}/**/*.gif')) == ['in/x/d.gif']
    assert names(folder, each_picture(f'{folder}/[ab].*')) == ['a.PNG', 'b.jpg']
    (folder / 'z[1].jpg').touch()
    assert names(folder, each_picture(f'{folder}/z[1].jpg')) == ['z[1].jpg']
    for nothing in ('*.bmp', 'gone.jpg', 'http://a/*.jpg'):
        assert list(each_picture(nothing)) == [nothing]
    (folder / 'y1.jpg').touch()
    for name in (f'{folder}/y[1].jpg', str(folder)):
        assert list(each_picture([PictureFile(name)])) == [name]
    monkeypatch.setenv('HOME', str(folder))
    assert names(folder, each_picture('~/*.jpg'))[0] == 'b.jpg'


def test_pixels():
    array, image = np.zeros((4, 5, 3), np.uint8), Image.new('L', (3, 3))
    encoded = EncodedPicture('b.jpg', b'b')
    assert list(each_picture(iter([encoded]))) == [encoded]
    found = list(each_picture([array, [image, 'a.jpg'], np.stack([array, array])]))
    assert found[0] is array
    assert found[1] is image
    assert found[2] == 'a.jpg'
    assert len(found) == 5
    for wrong in (3, b'a.jpg', {'a.jpg': 1}, [None], torch.zeros(3, 4, 5)):
        with pytest.raises(TypeError, match='a picture must be'):
            list(each_picture(wrong))
