"""Ray starts slowly, so one run shows several things."""

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
import ray
from pyarrow import parquet

from mvlr_mm.apis import MultiLabelInferencer
from mvlr_mm.tagging.bulk import Manifest, Source, ray_engine
from mvlr_mm.tagging.bulk.known import number_of
from mvlr_mm.tagging.bulk.manifest import CHECKPOINT
from mvlr_mm.tagging.bulk.ray_engine import tag_ray
from mvlr_mm.tagging.bulk.ray_source import ID
from mvlr_mm.tagging.bulk.ray_start import running_ray
from mvlr_mm.tagging.result_files import arrow_schema, record_of, result_row, text_of
from mvlr_stack.command import main

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


def kill_workers(out, chosen, killed):
    """Kill workers once some are chosen, by command and whether a part has come."""
    parts = len(list(out.glob('part-*')))
    while not killed:
        grown = len(list(out.glob('part-*'))) > parts
        for process, command in descendants().items():
            if chosen(command, grown):
                os.kill(process, signal.SIGKILL)
                killed.append(command)
        time.sleep(0.02)  # looking is work, too


def run_and_kill(model, source, out, chosen):
    """Run, with chosen workers killed; return what listened to the net."""
    killed = []
    with Manifest(out, {}) as manifest, running_ray(1, None):
        kill = threading.Thread(
            target=kill_workers, args=(out, chosen, killed), daemon=True
        )
        kill.start()
        tag_ray(model, source, manifest, part_rows=6, **OPTIONS)
        assert any('MapWorker' in command for command in killed)
        return listeners([os.getpid(), *descendants()])


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


@pytest.fixture
def model(trained):
    return dict(model=str(trained.folder), checkpoint=None, device='cpu')


def leave_parts(infer, source, out):
    """Leave a part with its checkpoint, and one whose checkpoint is not yet valid."""
    pictures = [x.picture() for x in source.pictures(lambda name: True)][:9]
    rows = [record_of(result_row(x)) for x in infer(pictures, **OPTIONS)]
    rows = [row | dict(id=number_of(row['path'])) for row in rows]
    (out / CHECKPOINT).mkdir(parents=True)
    for name, some in (('part-0-000000', rows[:5]), ('part-0-000001', rows[3:])):
        table = pa.Table.from_pylist(some, arrow_schema().append(ID))
        parquet.write_table(table, out / f'{name}.parquet')
        pending = '' if name.endswith('0') else '.pending'
        place = out / CHECKPOINT / f'{name}{pending}.parquet'
        parquet.write_table(table.select(['id']), place)


def test_an_earlier_run_is_gone_on_with_and_a_model_is_killed(
    trained, model, source, tmp_path
):
    out = tmp_path / 'out'
    infer = MultiLabelInferencer(trained.folder, device='cpu')
    Manifest(out, {}).close()
    leave_parts(infer, source, out)
    tagger = 'ray::MapWorker(MapBatches(_Tagger))'
    found = run_and_kill(
        model,
        source,
        out,
        lambda command, grown: (
            command.startswith(tagger) and (grown or '.submit' in command)
        ),
    )
    assert (out / 'part-0-000000.parquet').is_file()
    rows = check(infer, source, out)
    assert len(rows) == 60
    assert sum(row['error'] is not None for row in rows.values()) == 1
    # all that Ray has started listens to this machine alone
    assert found
    assert all('0100007F' in address for address in found)


@pytest.mark.slow
def test_the_driver_and_all_workers_are_killed(trained, model, source, tmp_path):
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
    names = ('ray::MapWorker', 'ray::Write', 'ray::IDLE')
    run_and_kill(
        model,
        source,
        out,
        lambda command, grown: grown and command.startswith(names),
    )
    assert len(check(infer, source, out)) == 60

    parquet.write_table(pa.table(dict(a=[1])), tmp_path / 'no_pictures.parquet')
    odd = Source((str(tmp_path / 'no_pictures.parquet'),))
    with (
        Manifest(out, {}) as manifest,
        pytest.raises(ValueError, match=r'^/.*must have a column of bytes'),
    ):
        tag_ray(model, odd, manifest, **OPTIONS)

    new = tmp_path / 'photos/new.png'
    new.write_bytes(Path(trained.pictures[1]).read_bytes())
    before = {path.name for path in out.glob('part-*')}
    assert main(command[3:]) == 1  # one is broken
    assert len(check(infer, source, out)) == 61
    assert len({path.name for path in out.glob('part-*')} - before) == 1


@pytest.mark.parametrize(
    ('device', 'there', 'expected'), [('cpu', 4, None), (None, 0, None), (None, 2, 1)]
)
def test_each_model_takes_a_gpu_where_there_are_some(
    monkeypatch, device, there, expected
):
    monkeypatch.setattr(ray, 'cluster_resources', lambda: {'CPU': 1, 'GPU': there})
    assert ray_engine._gpus_of_each(device, 2) == expected
    if expected:
        with pytest.raises(ValueError, match='--workers 3: each model takes a GPU'):
            ray_engine._gpus_of_each(device, 3)
