import errno
import json
import os
import re
import resource

import pytest

from mvlr_mm.tagging.bulk.manifest import MANIFEST, Manifest


def test_lines_come_back(tmp_path, job):
    folder = tmp_path / 'new/tags'
    with Manifest(folder, job) as manifest:
        assert manifest.lines == []
        manifest.append({'part': 'a', 'rows': 3})
    with Manifest(folder, job) as manifest:
        manifest.append({'part': 'b', 'rows': 4})
        assert [line['rows'] for line in manifest.lines] == [3, 4]
    lines = (folder / MANIFEST).read_text().splitlines()
    assert list(map(json.loads, lines)) == [
        job,
        {'part': 'a', 'rows': 3},
        {'part': 'b', 'rows': 4},
    ]


def test_wherever_the_last_line_was_cut_it_counts_as_not_written(tmp_path, job):
    with Manifest(tmp_path, job) as manifest:
        manifest.append({'part': 'a', 'rows': 3})
    path = tmp_path / MANIFEST
    content = path.read_bytes()
    first = content.index(b'\n') + 1
    for end in range(len(content) + 1):
        path.write_bytes(content[:end])
        with Manifest(tmp_path, job) as manifest:
            assert len(manifest.lines) == (end == len(content))
        expected = content if end == len(content) else content[:first]
        assert path.read_bytes() == expected


def test_a_disk_that_is_full_is_said_with_the_file(tmp_path, job):
    folder = tmp_path / 'tags'
    Manifest(folder, job).close()
    size = (folder / MANIFEST).stat().st_size
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 5, before[1]))
    name = re.escape(str(folder / MANIFEST))
    try:
        with (
            pytest.raises(OSError, match=f'too large: .*{name}'),
            Manifest(folder, job) as manifest,
        ):
            manifest.append({'part': 'a', 'rows': 3})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    with Manifest(folder, job) as manifest:
        assert manifest.lines == []


def test_damage_in_the_midst_stops(tmp_path, job):
    with Manifest(tmp_path, job) as manifest:
        manifest.append({'part': 'a', 'rows': 3})
    path = tmp_path / MANIFEST
    path.write_bytes(path.read_bytes().replace(b'{"part', b'{"par', 1)[:-3] + b'\n{}\n')
    before = path.read_bytes()
    with pytest.raises(ValueError, match=r'_manifest.jsonl:2 is damaged'):
        Manifest(tmp_path, job)
    assert path.read_bytes() == before


def test_one_run_at_a_time(tmp_path, job):
    with (
        Manifest(tmp_path, job),
        pytest.raises(BlockingIOError, match='another `mvlr tag` is at work'),
    ):
        Manifest(tmp_path, job)
    Manifest(tmp_path, job).close()


def test_a_disk_without_locks_holds_results_all_the_same(tmp_path, job, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOLCK, 'No locks available')

    monkeypatch.setattr('fcntl.flock', refuse)
    with Manifest(tmp_path, job) as manifest:
        manifest.append({'part': 'a', 'rows': 3})
    assert len((tmp_path / MANIFEST).read_bytes().splitlines()) == 2


def test_another_run_is_refused_and_replaced_where_asked_for(tmp_path, job):
    with Manifest(tmp_path, job) as manifest:
        manifest.append({'part': 'part-0.parquet', 'rows': 3})
    (tmp_path / 'part-0.parquet').touch()
    (tmp_path / 'notes.txt').touch()
    (tmp_path / '_checkpoint').mkdir()
    other = job | {'engine': 'ray', 'thresholds': [0.5, 0.7]}
    text = r"engine: \"local\" then, \"ray\" now; the threshold of 'dog': 0.5 then, 0.7"
    with pytest.raises(FileExistsError, match=text):
        Manifest(tmp_path, other)
    assert len(list(tmp_path.iterdir())) == 4
    with Manifest(tmp_path, other, overwrite=True) as manifest:
        assert manifest.lines == []
    assert {p.name for p in tmp_path.iterdir()} == {MANIFEST, 'notes.txt'}
    Manifest(tmp_path, other).close()


@pytest.mark.parametrize('overwrite', [False, True])
def test_results_without_a_manifest_are_left_alone(tmp_path, job, overwrite):
    for name in ('part-000000.parquet', '.part-1.parquet'):
        (tmp_path / name).write_text('someone')
    with pytest.raises(FileExistsError, match='does not say of what run'):
        Manifest(tmp_path, job, overwrite)
    assert sorted(os.listdir(tmp_path)) == ['.part-1.parquet', 'part-000000.parquet']
