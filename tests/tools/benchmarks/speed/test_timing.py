import importlib.util
from pathlib import Path

import pytest
import torch

PATH = Path(__file__).parents[4] / 'tools/benchmarks/speed/timing.py'


@pytest.fixture
def timing():
    spec = importlib.util.spec_from_file_location('timing', PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def clock(timing, monkeypatch):
    """A clock that only the contestants move."""
    now = [0.0]
    monkeypatch.setattr(timing.time, 'perf_counter', lambda: now[0])

    def contestant(*durations):
        rest = list(durations)

        def run():
            now[0] += rest.pop(0) if len(rest) > 1 else rest[0]

        return run

    return contestant


def test_the_warm_up_does_not_count_and_the_median_is_taken(timing, clock):
    # the first call says how many fit: 4 of 0.5 s in 2 s
    result = timing.compare({'a': clock(0.5, 1, 3, 2, 9)}, seconds=2)
    assert result['a']['runs'] == 4
    assert result['a']['ms'] == pytest.approx(2500)


def test_contestants_take_turns(timing, clock):
    order, second = [], clock(1)

    def contestant(name):
        def run():
            order.append(name)
            second()

        return run

    timing.compare({name: contestant(name) for name in 'ab'}, seconds=3)
    assert order == ['a', 'b'] * 4  # the warm-up, and three turns


def test_a_turn_of_a_fast_one_has_a_call_that_does_not_count(timing, clock):
    # warm-up of 10 ms: two calls fit in a turn, and four turns in 0.08 s
    durations = (0.010, *(0.5, 0.004, 0.006) * 4)
    result = timing.compare({'a': clock(*durations)}, seconds=0.08)
    assert result['a']['runs'] == 4
    assert result['a']['ms'] == pytest.approx(5)


def test_one_that_takes_too_long_runs_once(timing, clock):
    result = timing.compare({'fast': clock(1), 'slow': clock(70)}, seconds=10)
    assert result['slow']['runs'] == 1
    assert result['slow']['ms'] == pytest.approx(70e3)
    assert result['fast']['runs'] == 10


def test_memory_is_what_is_held_at_once(timing):
    def allocate():
        for _ in range(3):
            torch.empty(1000).sum()
        both = torch.empty(1000), torch.empty(500)
        return len(both)

    assert 6000 <= timing.peak_memory(allocate) < 7000
