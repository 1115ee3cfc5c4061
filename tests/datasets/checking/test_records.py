import os

import pytest

from mvlr_mm.datasets.checking.records import require_pictures


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
