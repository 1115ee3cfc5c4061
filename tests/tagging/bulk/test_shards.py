import io
import tarfile

import pyarrow as pa
import pytest
from pyarrow import parquet

from mvlr_mm.tagging.bulk import shards
from mvlr_mm.tagging.bulk.shards import read_parquet, read_tar

MEMBERS = [
    ('a/._0.jpg', b'what macOS notes of a file'),
    ('a/0.jpg', b'zero'),
    ('a/0.json', b'{}'),
    ('1.PNG', b'one'),
    ('a/0.jpg', b'zero again'),
    ('2.webp', b''),
]


def every(name):
    return True


@pytest.mark.parametrize(('suffix', 'mode'), [('.tar', 'w'), ('.tar.gz', 'w:gz')])
def test_pictures_of_a_tar_file(tmp_path, make_tar, suffix, mode):
    path = make_tar(tmp_path / f'shard{suffix}', MEMBERS, mode)
    found = list(read_tar(path, every))
    assert found == [
        (f'{path}::a/0.jpg', b'zero', None),
        (f'{path}::1.PNG', b'one', None),
        (f'{path}::a/0.jpg#2', b'zero again', None),
        (f'{path}::2.webp', b'', None),
    ]
    some = list(read_tar(path, lambda name: name.endswith('PNG')))
    assert some == found[1:2]
    assert found[1].picture().content == b'one'


def test_a_tar_file_that_was_cut_gives_what_it_has(tmp_path, make_tar):
    pictures = [(f'{i}.jpg', bytes([i]) * 3000) for i in range(3)]
    path = make_tar(tmp_path / 'shard.tar', pictures)
    content = (tmp_path / 'shard.tar').read_bytes()
    (tmp_path / 'shard.tar').write_bytes(content[: 2 * 3584 + 2000])
    *whole, last = read_tar(path, every)
    assert [x.content for x in whole] == [content for _, content in pictures[:2]]
    assert last.path == path
    assert 'cannot be read to its end' in last.error
    (tmp_path / 'shard.tar').write_bytes(b'no tar at all')
    (only,) = read_tar(path, every)
    assert only.content is None
    assert 'cannot be read' in only.error


def test_a_header_with_odd_numbers_ends_its_tar_file_alone(tmp_path):
    path = str(tmp_path / 'a.tar')
    with tarfile.open(path, 'w') as tar:
        for i in range(2):
            info = tarfile.TarInfo(f'{i}.jpg')
            info.size = 512
            if i:
                sparse = dict(major='1', minor='0', name='s.jpg', realsize='9')
                info.pax_headers = {f'GNU.sparse.{k}': x for k, x in sparse.items()}
            tar.addfile(info, io.BytesIO(b'no number\n' + bytes(502)))
    found = list(read_tar(path, every))
    assert [one.path for one in found] == [f'{path}::0.jpg', path]
    assert 'cannot be read to its end: invalid literal' in found[1].error


def test_memory_does_not_grow_with_the_members(tmp_path, make_tar, monkeypatch):
    path = make_tar(tmp_path / 'shard.tar', [(f'{i}.jpg', b'x') for i in range(20)])
    held = []
    tarfile_open = shards.tarfile.open

    def watch(*args, **kwargs):
        tar = tarfile_open(*args, **kwargs)
        held.append(tar)
        return tar

    monkeypatch.setattr(shards.tarfile, 'open', watch)
    for _ in read_tar(path, every):
        assert len(held[0].members) <= 1


def test_what_is_too_large_is_not_read(tmp_path, make_tar, monkeypatch):
    monkeypatch.setattr(shards, 'LARGEST', 3)
    path = make_tar(tmp_path / 'shard.tar', [('a.jpg', b'1234'), ('b.jpg', b'123')])
    large, fit = read_tar(path, every)
    assert '::a.jpg has 4 bytes; pictures of at most 3' in large.error
    assert fit.content == b'123'


@pytest.fixture
def table(tmp_path):
    def write(**columns):
        path = str(tmp_path / 'shard.parquet')
        parquet.write_table(pa.table(columns), path, row_group_size=2)
        return path

    return write


@pytest.mark.parametrize('as_struct', [False, True])
def test_pictures_of_a_parquet_file(table, as_struct):
    values = [b'0', b'1', None, b'3', b'4']
    if as_struct:  # as Hugging Face's Image
        values = [dict(bytes=value, path='x') for value in values]
    path = table(key=list('abcde'), image=values)
    found = list(read_parquet(path, every, None))
    assert [x.path for x in found] == [f'{path}::{i}' for i in range(5)]
    assert [x.content for x in found] == [b'0', b'1', None, b'3', b'4']
    assert [x.error for x in found if x.error] == [f'{path}::2 has no bytes']
    odd = list(read_parquet(path, lambda name: name[-1] in '13', 'image'))
    assert odd == [found[1], found[3]]


def test_groups_without_a_wanted_row_are_not_read(table, monkeypatch):
    path = table(image=[b'0', b'1', b'2', b'3', b'4'])
    groups = []
    read = parquet.ParquetFile.iter_batches

    def watch(self, *args, row_groups, **kwargs):
        groups.extend(row_groups)
        return read(self, *args, row_groups=row_groups, **kwargs)

    monkeypatch.setattr(parquet.ParquetFile, 'iter_batches', watch)
    (found,) = read_parquet(path, lambda name: name.endswith('::3'), None)
    assert found.content == b'3'
    assert groups == [1]


@pytest.mark.parametrize(
    ('columns', 'column', 'text'),
    [
        (dict(key=['a']), None, r"columns are \['key'\], of which such are: \[\]"),
        (dict(a=[b'1'], b=[b'2']), None, r"such are: \['a', 'b'\]. Choose by --column"),
        (dict(a=[b'1'], k=['2']), 'k', "must have a column 'k' of bytes"),
    ],
)
def test_a_column_that_cannot_be_known_is_asked_for(table, columns, column, text):
    with pytest.raises(ValueError, match=text):
        list(read_parquet(table(**columns), every, column))


def test_what_is_no_parquet_is_an_error_of_its_own(tmp_path):
    (tmp_path / 'shard.parquet').write_bytes(b'PAR1 cut off')
    path = str(tmp_path / 'shard.parquet')
    (found,) = read_parquet(path, every, None)
    assert found.path == path
    assert 'is no parquet file' in found.error
    assert list(read_parquet(path, lambda name: False, None)) == []
