import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mvlr_stack import command, doctor, threads

ROOT = Path(__file__).parents[2]


@pytest.fixture
def machine(monkeypatch):
    """Say how many cores there are, how many idle, and that torch is not there yet."""
    monkeypatch.delitem(sys.modules, 'torch', raising=False)

    def say(there, idle, quota=math.inf):
        monkeypatch.setattr(threads, 'cores', lambda: [{i} for i in range(there)])
        monkeypatch.setattr(threads, 'idle_cores', lambda: idle)
        monkeypatch.setattr(threads, 'quota', lambda: quota)

    return say


def settled(**environ):
    threads.settle_threads(environ)
    return environ


@pytest.mark.parametrize(
    ('there', 'idle', 'quota', 'expected'),
    [
        (2, 0.9, math.inf, '1'),
        (2, 0.0, math.inf, '1'),
        (8, 5.2, math.inf, '5'),
        (64, 64.0, 2.0, '2'),
        (64, 1.0, 8.0, '1'),
        (64, 63.0, 0.5, '1'),
    ],
)
def test_as_many_threads_as_idle_cores_and_it_says_so(
    machine, capsys, there, idle, quota, expected
):
    machine(there, idle, quota)
    assert settled()['OMP_NUM_THREADS'] == expected
    error = capsys.readouterr().err
    assert f'{expected} of {there} cores' in error
    assert f'OMP_NUM_THREADS={expected}' in error


def test_an_idle_machine_keeps_torchs_own_number(machine, capsys):
    machine(8, 7.8)
    assert settled() == {'GOMP_SPINCOUNT': threads.SPINS}
    assert capsys.readouterr().err == ''


@pytest.mark.parametrize('name', threads.THREADS)
def test_a_chosen_number_of_threads_stays(machine, name):
    machine(8, 1.0)
    assert settled(**{name: '4'}) == {name: '4', 'GOMP_SPINCOUNT': threads.SPINS}


@pytest.mark.parametrize('name', threads.WAITING)
def test_a_chosen_way_to_wait_stays(machine, name):
    machine(8, 1.0)
    assert settled(**{name: 'ACTIVE'}) == {name: 'ACTIVE', 'OMP_NUM_THREADS': '1'}


@pytest.mark.parametrize('name', threads.PROCESSES)
def test_processes_of_a_launcher_are_left_alone(machine, name):
    machine(8, 1.0)
    assert settled(**{name: '2'}) == {name: '2'}
    assert settled(**{name: '1'})['OMP_NUM_THREADS'] == '1'


def test_nothing_once_torch_has_read_them(machine, monkeypatch):
    machine(8, 1.0)
    monkeypatch.setitem(sys.modules, 'torch', object())
    assert settled() == {}


def test_the_command_settles_before_its_program(monkeypatch):
    calls = []
    monkeypatch.setattr(command, 'settle_threads', lambda: calls.append('threads'))
    monkeypatch.setattr(command, 'keep_freed_memory', lambda: calls.append('memory'))
    monkeypatch.setattr(doctor, 'run', lambda args: calls.append('run') or 0)
    command.main(['doctor'])
    assert calls == ['threads', 'memory', 'run']


def test_a_command_runs_with_them():
    """The module imports no torch, and hands on its settings and an exit status."""
    chosen = {*threads.THREADS, *threads.WAITING, *threads.PROCESSES}
    environ = {k: v for k, v in os.environ.items() if k not in chosen}
    environ |= {'OMP_NUM_THREADS': '3', 'PYTHONPATH': str(ROOT)}
    script = 'echo $OMP_NUM_THREADS $GOMP_SPINCOUNT; exit 5'
    done = subprocess.run(
        [sys.executable, '-m', 'mvlr_stack.threads', 'sh', '-c', script],
        env=environ, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 5
    assert done.stdout.split() == ['3', threads.SPINS]


def test_torch_takes_both():
    """torch brings its own OpenMP: what it shows is what it was told."""
    chosen = {*threads.THREADS, *threads.WAITING, *threads.PROCESSES}
    environ = {k: v for k, v in os.environ.items() if k not in chosen}
    environ |= {'PYTHONPATH': str(ROOT), 'OMP_DISPLAY_ENV': 'verbose'}
    script = (
        'from mvlr_stack import threads\n'
        'threads.idle_cores = lambda: 0.2\n'
        'threads.settle_threads()\n'
        'import torch\n'
        'assert torch.get_num_threads() == 1\n'
    )
    done = subprocess.run(
        [sys.executable, '-c', script],
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    if 'GOMP' in done.stderr:  # another OpenMP does not know it
        assert f"GOMP_SPINCOUNT = '{threads.SPINS}'" in done.stderr
