import hashlib
import os

import pytest

from mvlr_mm.packs import read_pack
from mvlr_mm.packs.files import SUMS

NAMES = ('pack.json', 'model.safetensors')


def flip(content, place):
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


@pytest.mark.parametrize('name', NAMES)
@pytest.mark.parametrize(
    'change',
    [
        lambda x: flip(x, 0),
        lambda x: flip(x, len(x) // 2),
        lambda x: flip(x, len(x) - 1),
        lambda x: x[:-1],
        lambda x: x[: len(x) // 2],
        lambda x: b'',
        lambda x: x + b' ',
    ],
)
def test_a_file_that_was_edited_cut_or_extended(folder, name, change):
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(change(content))
    with pytest.raises(ValueError, match=rf'{name} is not the file that was packed'):
        read_pack(folder)


@pytest.mark.parametrize('name', [*NAMES, SUMS])
def test_a_file_that_is_missing_or_has_another_name(folder, name):
    (folder / name).rename(folder / 'other')
    with pytest.raises((FileNotFoundError, ValueError), match=f"{name}|'other'"):
        read_pack(folder)
    (folder / 'other').unlink()
    with pytest.raises(FileNotFoundError, match=rf'{name} is missing'):
        read_pack(folder)


def test_no_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match='no such folder'):
        read_pack(tmp_path / 'gone')


def test_a_file_that_was_added(folder):
    (folder / 'README.md').write_text('a card of the hub')
    (folder / '.cache').mkdir()
    read_pack(folder)
    (folder / 'model.py').write_text('import os')
    with pytest.raises(ValueError, match=r"'model.py', which SHA256SUMS does not list"):
        read_pack(folder)


@pytest.mark.parametrize('name', [*NAMES, SUMS])
def test_a_link_in_the_place_of_a_file(folder, tmp_path, name):
    (folder / name).rename(tmp_path / 'elsewhere')
    (folder / name).symlink_to(tmp_path / 'elsewhere')
    with pytest.raises(ValueError, match=rf'{name} is a link'):
        read_pack(folder)


def test_what_is_no_file_at_all(folder):
    path = folder / 'model.safetensors'
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(ValueError, match='is no file'):
        read_pack(folder)
    path.unlink()
    path.mkdir()
    with pytest.raises(ValueError, match='is no file'):
        read_pack(folder)


@pytest.mark.parametrize(
    ('line', 'reason'),
    [
        ('{x}  ../secret\n', "names '../secret'"),
        ('{x}  /etc/passwd\n', "names '/etc/passwd'"),
        ('{x}  config.py\n', "names 'config.py'"),
        ('{x}  pack.json\n', 'stands there twice'),
        ('{x} pack.json\n', 'no sha256 and name'),
        ('12345  model.onnx\n', 'no sha256 and name'),
        ('\x00\n', 'no sha256 and name'),
    ],
)
def test_a_list_of_files_that_says_other_things(folder, tmp_path, line, reason):
    (tmp_path / 'secret').write_text('')
    digest = hashlib.sha256(b'').hexdigest()
    with open(folder / SUMS, 'a') as file:
        file.write(line.format(x=digest))
    with pytest.raises(ValueError, match=reason):
        read_pack(folder)


def test_a_list_without_the_weights(folder):
    lines = (folder / SUMS).read_text().splitlines()
    (folder / SUMS).write_text(lines[0])
    (folder / 'model.safetensors').unlink()
    with pytest.raises(ValueError, match=r'no line for model\.safetensors'):
        read_pack(folder)


def test_a_list_without_end(folder):
    with open(folder / SUMS, 'ab') as file:
        file.truncate(2**34)  # a hole, which takes no place
    with pytest.raises(ValueError, match='at most 65536 are read'):
        read_pack(folder)
