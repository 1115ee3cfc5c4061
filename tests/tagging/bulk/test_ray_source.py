import pyarrow as pa
import pytest

from mvlr_mm.tagging.bulk import Source, ray_source
from mvlr_mm.tagging.bulk.known import number_of
from mvlr_mm.tagging.bulk.ray_source import Pictures


def test_tasks_read_shards_alone_and_pictures_together(monkeypatch):
    monkeypatch.setattr(ray_source, '_FILES', 2)
    files = ['a.jpg', 's.tar', 'b.jpg', 'c.jpg', 't.parquet', 'd.jpg']
    expected = [['s.tar'], ['a.jpg', 'b.jpg'], ['t.parquet'], ['c.jpg', 'd.jpg']]
    assert list(ray_source._together(files)) == expected
    assert list(ray_source._together(files[:3])) == [['s.tar'], ['a.jpg', 'b.jpg']]
    assert list(ray_source._together(files[:1])) == [['a.jpg']]


def test_tasks_are_small():
    paths = [f'/data/photos/2026/{i:08d}.jpg' for i in range(256)]
    assert len(ray_source._pack(paths)) < 256 * 8


@pytest.fixture
def read(tmp_path, make_tar):
    """Read a folder with pictures and a shard, as Ray would."""

    def run():
        source = Source((str(tmp_path), str(tmp_path / 'b.jpg')))
        tasks = Pictures(source).get_read_tasks(8)
        return [[table for table in task()] for task in tasks]

    for name in (b'a.jpg', b'b.jpg', b'caf\xe9.jpg'):
        path = tmp_path / name.decode('utf-8', 'surrogateescape')
        path.write_bytes(name)
    make_tar(tmp_path / 'shard.tar', [(f'{i}.jpg', b'x') for i in range(3)])
    (tmp_path / 'spoiled.tar').write_bytes(b'no tar')
    return run


def test_what_is_read_has_a_number_of_its_own(read, tmp_path, monkeypatch):
    monkeypatch.setattr(ray_source, 'TOGETHER', 2)
    tables = read()
    assert [[len(table) for table in some] for some in tables] == [[2, 1], [1], [2, 1]]
    found = pa.concat_tables([table for some in tables for table in some]).to_pylist()
    assert [row['id'] for row in found] == [number_of(row['path']) for row in found]
    assert len({row['id'] for row in found}) == 7
    rows = {row['path'].removeprefix(f'{tmp_path}/'): row for row in found}
    assert rows['a.jpg']['content'] is None
    # a path that is no text goes with its content
    assert rows['caf\\udce9.jpg']['content'] == b'caf\xe9.jpg'
    assert rows['shard.tar::1.jpg']['content'] == b'x'
    assert 'cannot be read' in rows['spoiled.tar']['error']
