import os
import random
import shutil
import signal
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from pyarrow import parquet

from mvlr_mm.apis import MultiLabelInferencer
from mvlr_mm.tagging.bulk import Manifest, Parts, Source, tag_local

OPTIONS = dict(thr=0.3, batch_size=4)


@pytest.fixture(scope='module')
def infer(trained):
    infer = MultiLabelInferencer(trained.folder, device='cpu')
    infer(trained.pictures[0])  # labels are encoded
    return infer


@pytest.fixture
def source(trained, tmp_path, make_tar):
    """Sixty pictures: files, a list of them, a tar shard; two of them are broken."""
    folder = tmp_path / 'photos'
    folder.mkdir()
    content = [Path(path).read_bytes() for path in trained.pictures]
    for i in range(30):
        (folder / f'{i:02d}.png').write_bytes(content[i % 7])
    (folder / '07.png').write_bytes(b'no picture')
    members = [(f'{i}.png', content[i % 7]) for i in range(30)]
    members[3] = ('3.png', members[3][1][:40])
    make_tar(folder / 'shard.tar', members)
    (tmp_path / 'again.txt').write_text('photos/01.png\n' * 3)
    return Source((str(folder), str(tmp_path / 'again.txt')))


def run(infer, source, folder, size=7):
    with Manifest(folder, {'run': 1}) as manifest:
        return list(tag_local(infer, source, Parts(manifest, size), **OPTIONS))


def rows_of(folder):
    rows = parquet.read_table(folder).to_pylist()
    found = {row.pop('path'): row for row in rows}
    assert len(found) == len(rows), 'a picture is there twice'
    return found


def check(infer, source, folder):
    """Every picture is there exactly once, and has what the model says of it."""
    pictures = {x.path: x.picture() for x in source.pictures(lambda name: True)}
    rows = rows_of(folder)
    assert rows.keys() == pictures.keys()
    assert len(rows) == 60
    for found in infer(list(pictures.values()), **OPTIONS):
        row = rows[found.path]
        assert row['error'] == found.error
        assert row['tags'] == [label for label, _ in found.tags]
        np.testing.assert_allclose(
            row['scores'], [score for _, score in found.tags], rtol=1e-4, atol=1e-5
        )
    assert sum(row['error'] is not None for row in rows.values()) == 2
    assert sum(len(row['tags']) for row in rows.values()) > 20


def test_every_picture_once_and_what_is_new_later(infer, source, tmp_path):
    out = tmp_path / 'out'
    assert len(run(infer, source, out)) == 60
    assert len(list(out.glob('part-*.parquet'))) == 9
    check(infer, source, out)
    assert run(infer, source, out) == []
    shutil.copy(tmp_path / 'photos/00.png', tmp_path / 'photos/new.png')
    (found,) = run(infer, source, out)
    assert found.path == str(tmp_path / 'photos/new.png')
    assert len(rows_of(out)) == 61


def test_what_is_listed_is_one_picture_each(infer, source, tmp_path):
    """A folder and a name that looks like a pattern are no more than that."""
    shutil.copy(tmp_path / 'photos/01.png', tmp_path / 'a1.png')
    lines = tmp_path / 'list.txt'
    lines.write_text('photos\na[1].png\na1.png\n')
    for _ in range(2):
        run(infer, Source((str(lines),)), tmp_path / 'out')
        rows = rows_of(tmp_path / 'out')
        names = {path: bool(row['error']) for path, row in rows.items()}
        assert names == {
            str(tmp_path / 'photos'): True,
            str(tmp_path / 'a[1].png'): True,
            str(tmp_path / 'a1.png'): False,
        }


def test_what_was_tagged_is_kept_when_the_run_is_stopped(infer, source, tmp_path):
    out = tmp_path / 'out'
    with Manifest(out, {'run': 1}) as manifest:
        results = tag_local(infer, source, Parts(manifest), **OPTIONS)
        stopped = [next(results).path for _ in range(10)]
        results.close()
    assert list(rows_of(out)) == stopped
    rest = {found.path for found in run(infer, source, out)}
    assert not rest & set(stopped)
    check(infer, source, out)


def test_a_shard_that_is_damaged_has_a_row(infer, source, tmp_path):
    shard = tmp_path / 'photos/shard.tar'
    shard.write_bytes(shard.read_bytes()[:30_000])
    run(infer, source, tmp_path / 'out')
    rows = rows_of(tmp_path / 'out')
    assert 'cannot be read to its end' in rows[str(shard)]['error']
    assert 30 < len(rows) < 60


def run_killed(infer, source, folder, seconds):
    """Run in a process of its own, killed after a time; say whether it was."""
    process = os.fork()
    if process == 0:
        try:
            cv2.setNumThreads(0)  # its threads are not here
            torch.set_num_threads(1)
            run(infer, source, folder)
        finally:
            os._exit(0)
    time.sleep(seconds)
    os.kill(process, signal.SIGKILL)
    _, status = os.waitpid(process, 0)
    return os.WIFSIGNALED(status)


@pytest.mark.filterwarnings('ignore:.*fork.*:DeprecationWarning')
def test_kill_9_at_random_moments(infer, source, tmp_path):
    start = time.perf_counter()
    run(infer, source, tmp_path / 'once')
    whole = time.perf_counter() - start
    generator = random.Random(0)
    killed = 0
    for attempt in range(3):
        out = tmp_path / f'out{attempt}'
        for _ in range(6):
            killed += run_killed(infer, source, out, generator.uniform(0, whole / 2))
        # the first part is on the disk by then, or nothing is
        run(infer, source, out)
        check(infer, source, out)
        assert not list(out.glob('.*'))
    assert killed >= 6


@pytest.mark.parametrize('moment', ['draft', 'part', 'line'])
def test_kill_9_around_the_end_of_a_part(infer, source, tmp_path, moment, monkeypatch):
    """Killed before a part has its name, before its line, and within its line."""
    out = tmp_path / 'out'

    def die(*args, **kwargs):
        os.kill(os.getpid(), signal.SIGKILL)

    def write_some(self, line):
        self._file.write(b'{"part": "part-0000')
        self._file.flush()
        die()

    replace = os.replace

    def replace_and_die(*args):
        replace(*args)
        die()

    process = os.fork()
    if process == 0:
        if moment == 'draft':
            monkeypatch.setattr(os, 'replace', die)
        elif moment == 'part':
            monkeypatch.setattr(os, 'replace', replace_and_die)
        else:
            monkeypatch.setattr(Manifest, 'append', write_some)
        try:
            cv2.setNumThreads(0)
            torch.set_num_threads(1)
            run(infer, source, out)
        finally:
            os._exit(0)
    _, status = os.waitpid(process, 0)
    assert os.WIFSIGNALED(status)
    left = {path.name for path in out.glob('*part*')}
    assert len(left) == 1
    assert ('part-000000.parquet' in left) == (moment != 'draft')
    run(infer, source, out)
    check(infer, source, out)
