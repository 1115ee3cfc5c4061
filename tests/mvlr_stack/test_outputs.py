import os
import re
import resource

import pytest

from mvlr_stack.outputs import (
    check_output,
    check_output_folder,
    whole_file,
    write_text,
    write_texts,
)


def test_a_text_is_written_and_nothing_else_is_left(tmp_path):
    path = tmp_path / 'new' / 'folder' / 'x.json'
    write_text(path, 'ß')
    assert path.read_bytes() == 'ß'.encode()
    assert os.listdir(path.parent) == ['x.json']


def test_the_old_file_stays_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / 'x.npz'
    path.write_text('old')

    class NoSpaceError(Exception):
        pass

    def write():
        with whole_file(path) as draft:
            draft.write_text('ha')
            assert draft.suffix == '.npz'
            assert path.read_text() == 'old'
            raise NoSpaceError

    with pytest.raises(NoSpaceError):
        write()
    assert path.read_text() == 'old'
    assert os.listdir(tmp_path) == ['x.npz']


def test_a_disk_that_is_full_is_said_with_the_file(tmp_path):
    path = tmp_path / 'x.json'
    path.write_text('old')
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        with pytest.raises(OSError, match=rf'too large: .*{re.escape(str(path))}'):
            write_text(path, 'x' * 1000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert path.read_text() == 'old'
    assert os.listdir(tmp_path) == ['x.json']


def test_texts_that_belong_together_replace_all_or_none(tmp_path):
    texts = {tmp_path / name: name * 20 for name in ('b', 'c', 'a')}
    write_texts(texts)
    assert {path: path.read_text() for path in tmp_path.iterdir()} == texts
    with pytest.raises(UnicodeEncodeError):
        write_texts(dict.fromkeys(texts, 'new') | {tmp_path / 'new/d': '\udcff'})
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        for path in texts:
            with pytest.raises(OSError, match=rf'too large: .*{re.escape(str(path))}'):
                write_texts(dict.fromkeys(texts, 'new') | {path: 'x' * 1000})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert {path: path.read_text() for path in tmp_path.iterdir()} == texts


def test_texts_take_their_places_in_their_order(tmp_path, monkeypatch):
    places = []
    monkeypatch.setattr(os, 'replace', lambda draft, place: places.append(place.name))
    write_texts({tmp_path / name: '' for name in 'bca'})
    assert places == ['b', 'c', 'a']


def test_a_link_is_followed_and_a_device_is_written_to(tmp_path):
    target, link = tmp_path / 'target', tmp_path / 'link'
    target.write_text('old')
    link.symlink_to(target)
    write_text(link, 'new')
    assert link.is_symlink()
    assert target.read_text() == 'new'
    write_text('/dev/null', 'gone')
    assert not os.path.isfile('/dev/null')


def test_a_file_gets_the_usual_permissions(tmp_path):
    (tmp_path / 'usual').touch()
    write_text(tmp_path / 'x', '')
    modes = {path.stat().st_mode for path in tmp_path.iterdir()}
    assert len(modes) == 1


def test_a_name_as_long_as_a_disk_allows(tmp_path):
    names = [f'{"é" * 124}{i}.txt' for i in range(2)]
    with whole_file(tmp_path / names[0]) as first, whole_file(tmp_path / names[1]) as x:
        first.write_text('0')
        x.write_text('1')
    assert [(tmp_path / name).read_text() for name in names] == ['0', '1']
    assert sorted(os.listdir(tmp_path)) == names


def test_a_file_that_is_replaced_keeps_its_permissions(tmp_path):
    path = tmp_path / 'private.xmp'
    path.touch()
    for mode in (0o600, 0o640, 0o440):
        path.chmod(mode)
        write_text(path, 'new')
        assert path.stat().st_mode & 0o777 == mode


def test_an_output_that_exists_is_refused(tmp_path):
    path = tmp_path / 'x.json'
    check_output('--out', None, overwrite=False)
    check_output('--out', '/dev/null', overwrite=False)
    check_output('--out', path, overwrite=False)
    assert not path.exists()
    path.touch()
    check_output('--out', path, overwrite=True)
    message = f'--out {path} exists; name another, or add --overwrite to replace it.'
    with pytest.raises(FileExistsError, match=f'^{re.escape(message)}$'):
        check_output('--out', path, overwrite=False)


@pytest.mark.parametrize('overwrite', [True, False])
def test_an_output_that_cannot_be_is_refused(tmp_path, overwrite):
    (tmp_path / 'file').touch()
    with pytest.raises(IsADirectoryError, match='is a folder; name a file in it'):
        check_output('--out', tmp_path, overwrite)
    with pytest.raises(PermissionError, match='file is not a folder that may be'):
        check_output('--out', tmp_path / 'file' / 'a' / 'x.json', overwrite)


def test_a_folder_with_results_is_refused(tmp_path):
    folder = tmp_path / 'new'
    check_output_folder('--out', folder, overwrite=False)
    folder.mkdir()
    check_output_folder('--out', folder, overwrite=False)
    (folder / 'sheet.png').touch()
    check_output_folder('--out', folder, overwrite=True)
    with pytest.raises(FileExistsError, match='new holds files already; name another'):
        check_output_folder('--out', folder, overwrite=False)
    with pytest.raises(PermissionError, match='is not a folder that may be'):
        check_output_folder('--out', folder / 'sheet.png', overwrite=False)
