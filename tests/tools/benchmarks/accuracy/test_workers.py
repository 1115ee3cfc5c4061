import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from benchmarks.accuracy.workers import workers

TOOLS = Path(__file__).parents[4] / 'tools'
PROGRAM = """
import sys
sys.path.insert(0, {tools!r})
from benchmarks.accuracy.workers import workers
import os, signal, time

if __name__ == '__main__':
    # a shell's background jobs are started deaf to it
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with workers(1) as pool:
        print(pool.submit(os.getpid).result(), flush=True)
        pool.submit(time.sleep, 600)
        time.sleep(600)
"""


def test_a_process_does_one_job_after_another_with_its_share_of_the_cores(monkeypatch):
    monkeypatch.delenv('OMP_NUM_THREADS', raising=False)
    monkeypatch.setattr(os, 'cpu_count', lambda: 6)
    try:
        with workers(2) as pool:
            found = {pool.submit(os.getpid).result() for _ in range(5)}
            threads = pool.submit(os.getenv, 'OMP_NUM_THREADS').result()
    finally:
        del os.environ['OMP_NUM_THREADS']
    assert len(found) <= 2
    assert os.getpid() not in found
    assert threads == '3'


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f'/proc/{pid}/stat').read_text().split()[2] != 'Z'


@pytest.mark.parametrize('how', [signal.SIGKILL, signal.SIGINT])
def test_a_worker_ends_with_whoever_started_it(tmp_path, how):
    path = tmp_path / 'start.py'
    path.write_text(PROGRAM.format(tools=str(TOOLS)))
    parent = subprocess.Popen(
        [sys.executable, str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    worker = int(parent.stdout.readline())
    parent.send_signal(how)
    parent.wait(timeout=20)
    for _ in range(100):
        if not alive(worker):
            return
        time.sleep(0.1)
    pytest.fail(f'the worker {worker} is still there')


def test_a_worker_keeps_freed_memory_before_its_first_run(monkeypatch):
    calls = []
    module = sys.modules[workers.__module__]
    monkeypatch.setattr(module, '_end_with_parent', lambda: None)
    monkeypatch.setattr(module, 'keep_freed_memory', lambda: calls.append('memory'))
    module._begin(lambda: calls.append('prepare'))
    assert calls == ['memory', 'prepare']
