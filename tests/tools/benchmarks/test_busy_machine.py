import importlib.util
import sys
from pathlib import Path

import pytest

PATH = Path(__file__).parents[3] / 'tools/benchmarks/busy_machine.py'


@pytest.fixture
def tool():
    spec = importlib.util.spec_from_file_location('busy_machine', PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_step_is_timed(tool):
    assert 0 < tool.time_step(0) < 60_000


def test_busy_processes_end_with_the_block(tool, monkeypatch):
    started, popen = [], tool.subprocess.Popen

    def start(*args, **kwargs):
        started.append(popen(*args, **kwargs))
        return started[-1]

    monkeypatch.setattr(tool.subprocess, 'Popen', start)
    with tool.busy_processes(2):
        assert [process.poll() for process in started] == [None, None]
    assert None not in [process.poll() for process in started]


def test_a_contestant_has_its_own_environment_alone(tool, monkeypatch):
    seen = {}

    def run(command, env, **_):
        seen.update(command=command, env=env)
        return tool.subprocess.CompletedProcess(command, 0, stdout='2.5\n')

    monkeypatch.setattr(tool.subprocess, 'run', run)
    monkeypatch.setenv('OMP_NUM_THREADS', '7')
    monkeypatch.setenv('GOMP_SPINCOUNT', '7')
    assert tool.run('OMP_WAIT_POLICY=PASSIVE', 1.0) == 2.5
    assert seen['env']['OMP_WAIT_POLICY'] == 'PASSIVE'
    assert not {'OMP_NUM_THREADS', 'GOMP_SPINCOUNT'} & set(seen['env'])
    assert 'mvlr_stack.threads' not in seen['command']
    tool.run(tool.SETTLED, 1.0)
    assert seen['command'][:3] == [sys.executable, '-m', 'mvlr_stack.threads']


def test_the_page_has_every_contestant_beside_the_first(tool, tmp_path, monkeypatch):
    times = dict(zip(tool.CONTESTANTS, range(10, 90, 10), strict=False))
    busy = []

    def run(name, seconds):
        return times[name] * (10.0 if busy[-1:] == ['on'] else 1.0)

    class Busy:
        def __init__(self, count):
            assert count == 3

        def __enter__(self):
            busy.append('on')

        def __exit__(self, *_):
            busy.append('off')

    monkeypatch.setattr(tool, 'CONTESTANTS', {key: {} for key in times})
    monkeypatch.setattr(tool, 'run', run)
    monkeypatch.setattr(tool, 'busy_processes', Busy)
    path = tmp_path / 'busy.md'
    tool.main(['--rounds', '2', '--out', str(path)])
    page = path.read_text()
    assert f'busy_machine.py --rounds 2 --out {path}' in page
    assert '| nothing set | 10.0 | 100.0 | 1.00 | 1.00 |' in page
    assert '| GOMP_SPINCOUNT=100000 | 40.0 | 400.0 | 4.00 | 4.00 |' in page
    with pytest.raises(SystemExit, match='2'):  # before anything is measured
        tool.main(['--out', str(path)])
    assert busy == ['on', 'off'] * 2 * len(times)
