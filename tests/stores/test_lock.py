import fcntl

import pytest

from mvlr_mm.stores.lock import hold


def test_a_lock_ends_with_its_file(tmp_path):
    path = tmp_path / 'lock'
    with open(path, 'w') as first:
        hold(first, 'held')
        with open(path, 'w') as second, pytest.raises(BlockingIOError, match=r'^held$'):
            hold(second, 'held')
    with open(path, 'w') as third:
        hold(third, 'held')


def test_a_disk_without_locks_stops_nothing(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(95, 'Operation not supported')

    monkeypatch.setattr(fcntl, 'flock', fail)
    with open(tmp_path / 'lock', 'w') as lock:
        hold(lock, 'held')
