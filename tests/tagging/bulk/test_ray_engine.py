"""Ray starts slowly, so one run is interrupted in several ways."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from mvlr_mm.apis import MultiLabelInferencer
from mvlr_mm.tagging.bulk import Manifest, Source, ray_engine
from mvlr_mm.tagging.bulk.manifest import CHECKPOINT
from mvlr_mm.tagging.bulk.ray_engine import tag_ray
from mvlr_mm.tagging.bulk.ray_start import running_ray
from mvlr_mm.tagging.result_files import text_of

OPTIONS = dict(thr=0.3, batch_size=4)


@pytest.fixture
def source(trained, tmp_path, make_tar):
    """Sixty pictures: files, a list of them, a tar shard; one is broken."""
    folder = tmp_path / 'photos'
    folder.mkdir()
    content = [Path(path).read_bytes() for path in trained.pictures]
    for i in range(30):
        (folder / f'{i:02d}.png').write_bytes(content[i % 7])
    (folder / '07.png').write_bytes(b'no picture')
    odd = b'caf\xe9.png'.decode('utf-8', 'surrogateescape')
    (folder / odd).write_bytes(content[0])
    make_tar(folder / 'shard.tar', [(f'{i}.png', content[i % 7]) for i in range(29)])
    (tmp_path / 'again.txt').write_text('photos/01.png\n' * 3)
    return Source((str(folder), str(tmp_path / 'again.txt')))


def descendants():
    """Return the command of every process below this one."""
    parents, commands = {}, {}
    for place in Path('/proc').glob('[0-9]*'):
        try:
            stat = (place / 'stat').read_text().rpartition(')')[2].split()
            commands[int(place.name)] = (place / 'cmdline').read_text()
        except OSError:
            continue
        parents[int(place.name)] = int(stat[1])
    found = {os.getpid()}
    while new := {p for p, parent in parents.items() if parent in found} - found:
        found |= new
    return {process: commands[process] for process in found - {os.getpid()}}


def listeners(processes):
    """Return the addresses, in hexadecimal, at which processes listen."""
    sockets = set()
    for process in processes:
        for place in Path(f'/proc/{process}/fd').glob('*'):
            try:
                sockets.add(os.readlink(place))
            except OSError:
                continue
    lines = [
        line.split()
        for table in ('tcp', 'tcp6')
        for line in Path(f'/proc/net/{table}').read_text().splitlines()[1:]
    ]
    return {x[1] for x in lines if x[3] == '0A' and f'socket:[{x[9]}]' in sockets}


def kill_workers(out, killed):
    """Kill the model, and what else is at work, when a second part has come."""
    parts = len(list(out.glob('part-*')))
    while not killed:
        if len(list(out.glob('part-*'))) > parts:
            for process, command in descendants().items():
                if command.startswith(('ray::MapWorker', 'ray::Write', 'ray::IDLE')):
                    os.kill(process, signal.SIGKILL)
                    killed.append(command)
        time.sleep(0.005)


def check(infer, source, out):
    """Every picture is there exactly once, and has what the model says of it."""
    table = parquet.read_table(out).to_pylist()
    rows = {row['path']: row for row in table}
    assert len(rows) == len(table), 'a picture is there twice'
    pictures = [x.picture() for x in source.pictures(lambda name: True)]
    found = {text_of(x.path): x for x in infer(pictures, **OPTIONS)}
    assert rows.keys() == found.keys()
    for path, row in rows.items():
        assert row['tags'] == [label for label, _ in found[path].tags]
        scores = [score for _, score in found[path].tags]
        np.testing.assert_allclose(row['scores'], scores, rtol=1e-4, atol=1e-5)
        assert (row['error'] is None) == (found[path].error is None)
    return rows


def test_driver_and_workers_are_killed(trained, source, tmp_path):
    out = tmp_path / 'out'
    infer = MultiLabelInferencer(trained.folder, device='cpu')
    words = ['--out', str(out), '--model', str(trained.folder), '--device', 'cpu']
    words += [
        '--engine',
        'ray',
        '--part-rows',
        '6',
        '--thr',
        '0.3',
        '--batch-size',
        '4',
    ]
    command = [sys.executable, '-m', 'mvlr_stack', 'tag', *source.places, *words]
    with subprocess.Popen(command) as process:
        while not list(out.glob('part-*')) and process.poll() is None:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert 0 < len(parquet.read_table(out)) < 60

    model = dict(model=str(trained.folder), checkpoint=None, device='cpu')
    killed = []
    with Manifest(out, {}) as manifest, running_ray(1, None):
        killer = threading.Thread(target=kill_workers, args=(out, killed), daemon=True)
        killer.start()
        tag_ray(model, source, manifest, part_rows=6, **OPTIONS)
        assert any('MapWorker' in command for command in killed)
        rows = check(infer, source, out)
        assert len(rows) == 60
        assert sum(row['error'] is not None for row in rows.values()) == 1

        # all that Ray has started listens to this machine alone
        found = listeners([os.getpid(), *descendants()])
        assert found
        assert all('0100007F' in address for address in found)

        # a part whose checkpoint was not yet valid is removed, what is new is tagged
        half = pa.table(
            dict(id=[5], path=['x'], tags=[['a']], scores=[[1.0]], error=[''])
        )
        parquet.write_table(half, out / 'part-0-000000.parquet')
        parquet.write_table(half, out / CHECKPOINT / 'part-0-000000.pending.parquet')
        (tmp_path / 'photos/new.png').write_bytes(
            Path(trained.pictures[1]).read_bytes()
        )
        before = {path.name for path in out.glob('part-*')}
        tag_ray(model, source, manifest, part_rows=6, **OPTIONS)
        assert len(check(infer, source, out)) == 61
        assert len({path.name for path in out.glob('part-*')} - before) == 1


def test_tasks_read_shards_alone_and_pictures_together(monkeypatch):
    monkeypatch.setattr(ray_engine, '_FILES', 2)
    files = ['a.jpg', 's.tar', 'b.jpg', 'c.jpg', 't.parquet', 'd.jpg']
    expected = [['s.tar'], ['a.jpg', 'b.jpg'], ['t.parquet'], ['c.jpg', 'd.jpg']]
    assert list(ray_engine._together(files)) == expected
    assert list(ray_engine._together(files[:3])) == [['s.tar'], ['a.jpg', 'b.jpg']]
    assert list(ray_engine._together(files[:1])) == [['a.jpg']]


def test_tasks_are_small():
    paths = [f'/data/photos/2026/{i:08d}.jpg' for i in range(256)]
    assert len(ray_engine._pack(paths)) < 256 * 8
