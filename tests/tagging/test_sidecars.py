import os

import pytest

from mvlr_mm.tagging import sidecar_path, write_sidecar


def test_names_are_those_of_other_software(tmp_path):
    photo = tmp_path / 'a.b.JPG'
    assert sidecar_path(photo, 'txt') == tmp_path / 'a.b.txt'
    assert sidecar_path(photo, 'xmp') == tmp_path / 'a.b.JPG.xmp'
    (tmp_path / 'a.b.xmp').touch()
    assert sidecar_path(photo, 'xmp') == tmp_path / 'a.b.xmp'
    (tmp_path / 'a.b.JPG.xmp').touch()
    assert sidecar_path(photo, 'xmp') == tmp_path / 'a.b.JPG.xmp'


@pytest.mark.parametrize(
    ('before', 'keep', 'after'),
    [
        (None, False, 'cat, dog\n'),
        ('bird, cat\n', True, 'bird, cat, dog\n'),
        ('bird, cat\n', False, 'cat, dog\n'),
        ('cat,dog', True, 'cat,dog'),
        ('a photo,\nof a cat,', True, 'a photo,\nof a cat, cat, dog\n'),
        ('', True, 'cat, dog\n'),
    ],
)
def test_text(tmp_path, before, keep, after):
    path = tmp_path / 'a.txt'
    if before is not None:
        path.write_text(before)
    write_sidecar(path, 'txt', ['cat', 'dog'], keep)
    assert path.read_text() == after


def test_what_cannot_be_written_leaves_the_file(tmp_path, monkeypatch):
    path = tmp_path / 'a.xmp'
    path.write_text('<broken')
    with pytest.raises(ValueError, match=r'a\.xmp cannot be written: it is no XML'):
        write_sidecar(path, 'xmp', ['cat'], True)
    assert path.read_text() == '<broken'
    text = tmp_path / 'a.txt'
    text.write_bytes(b'caf\xe9')
    with pytest.raises(ValueError, match='cannot be written'):
        write_sidecar(text, 'txt', ['cat'], True)
    with pytest.raises(ValueError, match='use xmp'):
        write_sidecar(text, 'txt', ['cat, black'], False)
    assert text.read_bytes() == b'caf\xe9'

    def fill_up(*args):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(os, 'fsync', fill_up)
    with pytest.raises(OSError, match='No space'):
        write_sidecar(text, 'txt', ['cat'], False)
    assert text.read_bytes() == b'caf\xe9'
    assert sorted(os.listdir(tmp_path)) == ['a.txt', 'a.xmp']
