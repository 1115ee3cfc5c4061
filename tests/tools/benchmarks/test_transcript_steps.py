import importlib
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / 'tools'))
steps = importlib.import_module('benchmarks.transcript_steps')


def test_a_command_that_fails_stops_the_transcript(tmp_path):
    log = tmp_path / 'log'
    with pytest.raises(subprocess.CalledProcessError):
        steps.run(['verify'], tmp_path, log)
    assert 'no config is named' in log.read_text()


def test_a_process_that_ends_too_early_is_told():
    process = subprocess.Popen([sys.executable, '-c', ''])
    with pytest.raises(RuntimeError, match=r'ended, with 0'):
        steps.wait_for(lambda: False, process)


@pytest.mark.parametrize('end', [['a'], ['a', 'a', 'b'], ['a', 'a']])
def test_a_picture_that_is_lost_or_twice_there_is_told(tmp_path, monkeypatch, end):
    folder = tmp_path / 'pets'
    (tmp_path / 'new_photos').mkdir()
    for name in ('a', 'a.xmp', 'b'):
        (tmp_path / 'new_photos' / name).touch()
    rows = iter([['a'], end])
    sleep = (sys.executable, '-c', 'import time; time.sleep(60)')
    monkeypatch.setattr(steps, 'MVLR', sleep)
    monkeypatch.setattr(steps, 'rows_of', lambda _: next(rows))
    monkeypatch.setattr(steps, 'run', lambda *_: None)
    folder.mkdir()
    with pytest.raises(RuntimeError, match=r'rows, .* pictures of 2'):
        steps.tag_with_a_kill(['tag', '--out', 'tags'], folder, tmp_path / 'log')


def test_a_kill_ends_what_the_process_has_started(tmp_path, monkeypatch):
    code = "import subprocess, time; p = subprocess.Popen(['sleep', '60']); "
    code += 'print(p.pid, flush=True); time.sleep(60)'
    monkeypatch.setattr(steps, 'MVLR', (sys.executable, '-c', code))
    log = tmp_path / 'log'
    process = steps.start([], tmp_path, log)
    child = steps.wait_for(lambda: log.read_text(), process)
    steps.kill(process)
    state = Path(f'/proc/{child.strip()}/stat')
    for _ in range(100):  # the kernel takes a moment
        if not state.exists() or state.read_text().split()[2] == 'Z':
            return
        time.sleep(0.05)
    pytest.fail('the child is still there')
