import os
import shutil
import signal
import subprocess
import sys
import time

import pyarrow as pa
import pytest
from pyarrow import parquet

from mvlr_mm.apis import MultiLabelInferencer, inferencer
from mvlr_mm.tagging.bulk.manifest import MANIFEST
from mvlr_stack.command import main


@pytest.fixture
def photos(trained, tmp_path):
    folder = tmp_path / 'photos/more'
    folder.mkdir(parents=True)
    for i in range(21):
        shutil.copy(trained.pictures[i % 7], folder / f'{i}.png')
    return folder.parent


@pytest.fixture
def words(trained, photos, tmp_path):
    model = ['--model', str(trained.folder), '--device', 'cpu']
    return ['tag', str(photos), '--out', str(tmp_path / 'tags'), *model]


def rows_of(folder):
    return parquet.read_table(folder).to_pylist()


def test_tags_are_those_of_the_inferencer(trained, photos, words, tmp_path, capfd):
    assert main([*words, '--part-rows', '10', '--max-tags', '2']) == 0
    out, err = capfd.readouterr()
    assert err == ''
    assert out.splitlines()[:2] == [f'part-00000{i}.parquet: 10 rows' for i in (0, 1)]
    assert out.splitlines()[-1].endswith('tags: 21 pictures, 0 of them failed.')
    infer = MultiLabelInferencer(trained.folder, device='cpu')
    paths = sorted(map(str, photos.glob('more/*')))
    rows = rows_of(tmp_path / 'tags')
    assert [row['path'] for row in rows] == paths
    for row, found in zip(rows, infer(paths, topk=2), strict=True):
        assert row['tags'] == [label for label, _ in found.tags]
        scores = [score for _, score in found.tags]
        assert row['scores'] == pytest.approx(scores, abs=1e-5)


def test_broken_pictures_have_rows_and_the_status_says_so(photos, words, capfd):
    (photos / 'more/3.png').write_bytes(b'no picture')
    assert main(words) == 1
    assert '21 pictures, 1 of them failed' in capfd.readouterr().out
    assert main(words) == 1  # nothing is left to do, and it still has failed
    assert '21 pictures, 1 of them failed' in capfd.readouterr().out


def test_a_run_that_was_killed_goes_on(words, tmp_path):
    """The whole command, killed between two parts."""
    out = tmp_path / 'tags'
    more = ['--part-rows', '2', '--batch-size', '1']
    command = [sys.executable, '-m', 'mvlr_stack', *words, *more]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        while len(list(out.glob('part-*'))) < 3 and process.poll() is None:
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    there = [row['path'] for row in rows_of(out)]
    assert 6 <= len(there) < 21
    assert main([*words, *more]) == 0
    paths = [row['path'] for row in rows_of(out)]
    assert paths[: len(there)] == there
    assert len(paths) == len(set(paths)) == 21


def test_a_run_that_is_interrupted_keeps_what_it_has(words, tmp_path, monkeypatch):
    batches, tag = [], inferencer._tag

    def interrupt(*args):
        batches.append(args)
        if len(batches) == 3:
            raise KeyboardInterrupt
        return tag(*args)

    monkeypatch.setattr(inferencer, '_tag', interrupt)
    with pytest.raises(SystemExit, match='130'):
        main(words)
    assert len(rows_of(tmp_path / 'tags')) == 16
    assert main(words) == 0
    paths = [row['path'] for row in rows_of(tmp_path / 'tags')]
    assert len(paths) == len(set(paths)) == 21


def test_another_threshold_is_refused(words, tmp_path, capfd):
    assert main(words) == 0
    before = sorted((tmp_path / 'tags').iterdir())
    with pytest.raises(SystemExit, match='2'):
        main([*words, '--thr', '0.7'])
    text = "the threshold of 'cat': 0.5 then, 0.7 now. Name another folder"
    assert text in capfd.readouterr().err
    assert sorted((tmp_path / 'tags').iterdir()) == before
    assert main([*words, '--thr', '0.7', '--overwrite']) == 0
    rows = rows_of(tmp_path / 'tags')
    assert len(rows) == 21
    assert all(score >= 0.7 for row in rows for score in row['scores'])


def test_a_dry_run_counts_times_and_writes_nothing(words, tmp_path, capfd):
    assert main([*words, '--dry-run', '--sample', '5']) == 0
    out, _ = capfd.readouterr()
    assert out.startswith('0 pictures have results, 21 have none.\n5 of these took')
    assert not (tmp_path / 'tags').exists()
    assert main(words) == 0
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / 'tags').iterdir()}
    capfd.readouterr()
    assert main([*words, '--dry-run']) == 0
    assert capfd.readouterr().out == '21 pictures have results, 0 have none.\n'
    assert main([*words, '--dry-run', '--overwrite', '--thr', '0.9']) == 0
    assert '21 have none' in capfd.readouterr().out
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / 'tags').iterdir()} == before


@pytest.mark.parametrize(
    ('more', 'message'),
    [
        (['--workers', '2'], '--workers and --address are for --engine ray'),
        (['--thr', 'high'], '--thr high must be a number'),
        (['--part-rows', '0'], 'at least 1'),
        (['--sample', '5'], '--sample 5 is for --dry-run'),
    ],
)
def test_mistakes_end_with_2_and_leave_nothing(words, tmp_path, capfd, more, message):
    with pytest.raises(SystemExit, match='2'):
        main([*words, *more])
    assert message in capfd.readouterr().err
    assert not (tmp_path / 'tags').exists()


def test_a_folder_of_other_things_is_left_alone(words, tmp_path, capfd):
    (tmp_path / 'tags').mkdir()
    (tmp_path / 'tags/a.txt').touch()
    with pytest.raises(SystemExit, match='2'):
        main(words)
    assert 'holds files already' in capfd.readouterr().err
    assert os.listdir(tmp_path / 'tags') == ['a.txt']


def test_results_never_take_the_place_of_what_is_to_be_tagged(
    words, photos, tmp_path, capfd
):
    table = pa.table({'image': [(photos / 'more/0.png').read_bytes()]})
    parquet.write_table(table, photos / 'part-0.parquet')
    for out in (photos, photos.parent):
        words[3] = str(out)
        with pytest.raises(SystemExit, match='2'):
            main([*words, '--overwrite'])
        assert 'lies in the folder of the results' in capfd.readouterr().err
        assert (photos / 'part-0.parquet').exists()
        assert not (out / MANIFEST).exists()
