import ctypes
import json
import os
import platform
import subprocess
import sys
from types import SimpleNamespace

import pytest

from mvlr_stack.memory import keep_freed_memory

OWN = ('GLIBC_TUNABLES', 'LD_PRELOAD', 'MALLOC_')
# Pages that the kernel hands out while the same 8 MB are taken and freed again, and the
# megabytes that stay in the process of a larger block; numpy asks malloc itself.
PROGRAM = """
import json, resource, sys
import numpy as np
from mvlr_stack.memory import keep_freed_memory
done = keep_freed_memory() if sys.argv[1] == 'keep' else None
np.ones(1 << 20)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    np.ones(1 << 20)
faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
def resident():
    pages = int(open('/proc/self/statm').read().split()[1])
    return pages * resource.getpagesize() >> 20
before = resident()
np.ones(int(sys.argv[2]) << 20, dtype=np.uint8)
print(json.dumps([done, faults, resident() - before]))
"""
glibc = pytest.mark.skipif(
    platform.libc_ver()[0] != 'glibc', reason='settings of glibc'
)


def run(word, megabytes=8, **variables):
    kept = {k: v for k, v in os.environ.items() if not k.startswith(OWN)}
    done = subprocess.run(
        [sys.executable, '-c', PROGRAM, word, str(megabytes)],
        env=kept | variables,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


@glibc
def test_freed_memory_is_taken_again_without_the_kernel():
    # above what glibc itself learns to keep within a process
    plain = run('plain', MALLOC_MMAP_THRESHOLD_='1048576')[1]
    done, kept, _ = run('keep')
    assert done is True
    assert kept < plain / 10


@glibc
def test_maps_of_a_batch_are_kept_and_larger_blocks_go_back():
    ask = 'import ctypes; print(ctypes.CDLL(None).mallopt(-3, 256 << 20))'
    if not int(subprocess.check_output([sys.executable, '-c', ask])):
        pytest.skip('an older glibc, which keeps less')
    assert run('keep', 154)[2] > 100  # 32 pictures, 96 channels of 112 x 112
    assert run('keep', 300)[2] < 50


@glibc
@pytest.mark.parametrize(
    'variable',
    [
        {'MALLOC_ARENA_MAX': '2'},
        {'GLIBC_TUNABLES': 'glibc.malloc.hugetlb=1'},
    ],
)
def test_settings_of_the_environment_stay(variable):
    assert run('keep', **variable)[0] is False


@pytest.fixture
def nothing_chosen(monkeypatch):
    for name in list(os.environ):
        if name.startswith(OWN):
            monkeypatch.delenv(name)


def test_another_allocator_stays(nothing_chosen, monkeypatch):
    monkeypatch.setenv('LD_PRELOAD', 'libjemalloc.so.2')
    assert keep_freed_memory() is False


@pytest.mark.parametrize('most', [32 << 20, 0])
def test_a_glibc_that_takes_less(nothing_chosen, monkeypatch, most):
    settings = {}

    def mallopt(name, value):
        if name == -3 and value > most:  # M_MMAP_THRESHOLD
            return 0
        settings[name] = value
        return 1

    monkeypatch.setattr(ctypes, 'CDLL', lambda name: SimpleNamespace(mallopt=mallopt))
    assert keep_freed_memory() is bool(most)
    # the other settings alone would make matters worse
    assert settings.get(-3, 0) == most
    assert (-1 in settings) is bool(most)


def test_on_another_system_nothing_happens(nothing_chosen, monkeypatch):
    monkeypatch.setattr(sys, 'platform', 'win32')
    monkeypatch.setattr(ctypes, 'CDLL', None)  # Windows has no library of the process
    assert keep_freed_memory() is False


def test_without_glibc_nothing_happens(nothing_chosen, monkeypatch):
    monkeypatch.setattr(ctypes, 'CDLL', lambda name: object())
    assert keep_freed_memory() is False


def test_imports_are_frozen_once_in_a_process():
    program = (
        'import gc; from mvlr_stack.memory import freeze_imports as freeze\n'
        'freeze(); first = gc.get_freeze_count()\n'
        'new = [[] for _ in range(9)]; freeze()\n'
        'print(first > 1000, gc.get_freeze_count() == first)'
    )
    done = subprocess.check_output([sys.executable, '-c', program], text=True)
    assert done == 'True True\n'
