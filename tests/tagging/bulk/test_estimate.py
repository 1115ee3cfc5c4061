import itertools
import time

import pytest

from mvlr_mm.apis import Tagged
from mvlr_mm.tagging.bulk import Source, estimate
from mvlr_mm.tagging.bulk.known import KnownNames


class Clock:
    """An inferencer that takes a second for each picture after the first call."""

    def __init__(self, monkeypatch):
        self.now, self.calls = 0.0, []
        monkeypatch.setattr(time, 'perf_counter', lambda: self.now)

    def __call__(self, images, **options):
        self.calls.append(list(images))
        self.now += len(self.calls[-1]) if len(self.calls) > 1 else 1000
        return [Tagged(path) for path in self.calls[-1]]


@pytest.fixture
def source(tmp_path):
    for i in range(10):
        (tmp_path / f'{i}.jpg').touch()
    return Source((str(tmp_path),))


def test_counts_and_times_what_is_left(source, monkeypatch):
    known = KnownNames()
    known.update(itertools.islice(source.files(), 3))
    infer = Clock(monkeypatch)
    found = estimate(infer, source, known, sample=4, batch_size=2, thr=0.5)
    assert found == (3, 7, 4, 4.0)
    assert found.seconds_left == 7.0
    first, all_of_it = infer.calls
    assert first == all_of_it[:2]
    assert [path[-5:] for path in all_of_it] == [f'{i}.jpg' for i in range(3, 7)]


def test_nothing_left_takes_no_time(source, monkeypatch):
    known = KnownNames()
    known.update(source.files())
    found = estimate(Clock(monkeypatch), source, known, sample=4, batch_size=2)
    assert found[:3] == (10, 0, 0)
    assert found.seconds_left == 0
