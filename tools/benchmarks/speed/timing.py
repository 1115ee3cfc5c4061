"""Timing functions against each other, and the memory that one takes."""

import statistics
import time
from collections.abc import Callable

import torch

from mvlr_mm.ops import linear

Contestants = dict[str, Callable[[], object]]
MAX_ROUNDS = 100
# What takes less is called several times in a turn, after a call that does not count:
# else the last contestant's data in the caches and sleeping threads would be measured.
TURN_SECONDS = 0.02


def _time(
    function: Callable[[], object], synchronize: Callable[[], object], calls: int
) -> float:
    if calls > 1:
        function()
        synchronize()
    start = time.perf_counter()
    for _ in range(calls):
        function()
    synchronize()
    return (time.perf_counter() - start) / calls


def compare(contestants: Contestants, seconds: float, device: str = 'cpu') -> dict:
    """Time functions in turn.

    Args:
        contestants: The functions by name.
        seconds: About how long each may run. One that takes longer runs once, and its
            warm-up is then the measurement.
        device: Where they run; a GPU is waited for.

    Returns:
        For each the median and the quartiles of a call in milliseconds, over so many
        turns, and their number as ``runs``.
    """
    synchronize = torch.cuda.synchronize if device == 'cuda' else lambda: None
    if device == 'cuda':  # kernels are built, loaded and chosen in a first call
        for function in contestants.values():
            function()
    synchronize()
    first = {
        name: _time(function, synchronize, 1) for name, function in contestants.items()
    }
    samples = {name: [] for name in contestants}
    calls = {name: max(1, int(TURN_SECONDS / once)) for name, once in first.items()}
    rounds = {
        name: min(MAX_ROUNDS, int(seconds / (calls[name] * once)))
        for name, once in first.items()
    }
    for turn in range(max(rounds.values())):
        for name, function in contestants.items():
            if turn < rounds[name]:
                samples[name].append(_time(function, synchronize, calls[name]))
    return {name: _summary(times or [first[name]]) for name, times in samples.items()}


def product_rate(device: str, dtype: torch.dtype) -> float:
    """Return the multiply-adds per second of one large matrix product here."""
    size = 8192 if device == 'cuda' else 1024
    matrix = torch.randn(size, size, device=device, dtype=dtype)
    times = compare({'product': lambda: linear(matrix, matrix)}, 1, device)
    return size**3 / (times['product']['ms'] / 1e3)


def _summary(times: list[float]) -> dict[str, float | int]:
    low, middle, high = (
        statistics.quantiles(times, n=4, method='inclusive')
        if len(times) > 1
        else times * 3
    )
    ms = {'ms': middle, 'ms_25%': low, 'ms_75%': high}
    return {key: 1e3 * value for key, value in ms.items()} | {'runs': len(times)}


def peak_memory(function: Callable[[], object], device: str = 'cpu') -> int:
    """Return the most bytes that a function holds beyond what there was."""
    if device == 'cuda':
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        function()
        torch.cuda.synchronize()
        return torch.cuda.max_memory_allocated() - before
    with torch.profiler.profile(
        activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True
    ) as profile:
        function()
    held = peak = 0
    for event in profile.profiler.kineto_results.events():
        if event.name() == '[memory]':
            held += event.nbytes()
            peak = max(peak, held)
    return peak
