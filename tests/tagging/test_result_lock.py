import fcntl
import os
import subprocess
import sys

import pytest

from mvlr_mm.stores.lock import hold
from mvlr_mm.tagging import result_lock
from mvlr_mm.tagging.result_lock import alone_with

END = 'import sys; from mvlr_mm.tagging.result_lock import alone_with\n'
END += 'with alone_with(sys.argv[1]): import os; os._exit(0)'


def test_a_file_is_held_until_the_block_ends(tmp_path):
    path, other = tmp_path / 'new/a.jsonl', tmp_path / 'new/a.csv'
    link = tmp_path / 'link.jsonl'
    link.symlink_to(path)
    with alone_with(path), alone_with(other):
        for name in (path, link):
            with pytest.raises(BlockingIOError, match='another run writes it; wait'):
                alone_with(name).__enter__()
    with alone_with(link):
        pass
    assert os.listdir(path.parent) == []


def test_a_process_that_was_ended_holds_nothing(tmp_path):
    path = tmp_path / 'a.jsonl'
    subprocess.run([sys.executable, '-c', END, str(path)], check=True)
    with alone_with(path):
        pass
    assert os.listdir(tmp_path) == []


def test_a_device_and_a_disk_without_locks(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(95, 'Operation not supported')

    monkeypatch.setattr(fcntl, 'flock', fail)
    for path in ('/dev/null', tmp_path / f'{"a" * 240}.jsonl'):
        with alone_with(path):
            pass


def test_a_lock_that_was_taken_away_meanwhile_is_none(tmp_path, monkeypatch):
    path, opened = tmp_path / 'a.jsonl', []

    def late(lock, said):
        opened.append(lock)
        if len(opened) == 1:  # the run before ends between the opening and the lock
            os.unlink(lock.name)
        hold(lock, said)

    monkeypatch.setattr(result_lock, 'hold', late)
    with result_lock.alone_with(path):
        monkeypatch.undo()
        with pytest.raises(BlockingIOError):
            alone_with(path).__enter__()
    assert [lock.closed for lock in opened] == [True, True]
    assert os.listdir(tmp_path) == []
