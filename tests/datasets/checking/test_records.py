import os

import pytest

from mvlr_mm.datasets.checking.problems import RAISED
from mvlr_mm.datasets.checking.records import (
    check_records,
    require_pictures,
    same_file,
)


def test_every_folder_is_read_once(tmp_path, monkeypatch):
    paths = [str(tmp_path / folder / f'{i}.jpg') for folder in 'ab' for i in range(50)]
    for folder in 'ab':
        (tmp_path / folder).mkdir()
    for path in paths:
        open(path, 'w').close()
    scans = []
    scandir = os.scandir
    monkeypatch.setattr(os, 'scandir', lambda p: scans.append(p) or scandir(p))
    require_pictures(paths, 'list')
    assert len(scans) == 2


def test_relative_paths_and_missing_folders(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'a.jpg').touch()
    require_pictures(['a.jpg'], 'list')
    with pytest.raises(
        FileNotFoundError, match=r'2 of the 3 .* first: no/b.jpg, a.jpg/c'
    ):
        require_pictures(['a.jpg', 'no/b.jpg', 'a.jpg/c'], 'list')


def test_folders_and_dead_links_are_no_pictures(tmp_path):
    (tmp_path / 'folder.jpg').mkdir()
    (tmp_path / 'dead.jpg').symlink_to(tmp_path / 'gone.jpg')
    (tmp_path / 'loop.jpg').symlink_to(tmp_path / 'loop.jpg')
    (tmp_path / 'a.jpg').touch()
    (tmp_path / 'link.jpg').symlink_to(tmp_path / 'a.jpg')
    require_pictures([str(tmp_path / 'link.jpg')], 'list')
    for name in ('folder.jpg', 'dead.jpg', 'loop.jpg'):
        path = str(tmp_path / name)
        with pytest.raises(
            FileNotFoundError, match=f'1 of the 1 .*{name} is a folder, or'
        ):
            require_pictures([path], 'list')


def test_a_name_that_differs_by_little_is_told(tmp_path):
    (tmp_path / 'e\u0301.JPG').touch()
    with pytest.raises(FileNotFoundError, match=r"there is 'e\u0301.JPG' \(other code"):
        require_pictures([str(tmp_path / 'é.JPG')], 'list')
    with pytest.raises(FileNotFoundError, match=r"there is 'e\u0301.JPG'\."):
        require_pictures([str(tmp_path / 'é.jpg')], 'list')


@pytest.mark.parametrize('name', ['./a.jpg', 'x/../a.jpg', './/a.jpg', 'a.jpg'])
def test_one_file_under_two_paths_is_one_picture(name):
    records = [dict(img_path=path) for path in ('a.jpg', 'b.jpg', name)]
    with pytest.raises(ValueError, match=r'#2 lists .*a.jpg, as #0 does already'):
        check_records(records, 'list', '#{}'.format, False, RAISED)


def test_addresses_stay_as_they_are():
    assert same_file('s3://a//b.jpg') == 's3://a//b.jpg'
