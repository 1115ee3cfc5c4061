"""Timing functions against each other, and the memory that one takes."""

import statistics
import time
from collections.abc import Callable

import torch

Contestants = dict[str, Callable[[], object]]
MAX_ROUNDS = 100


def _once(function: Callable[[], object], synchronize: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    synchronize()
    return time.perf_counter() - start


def compare(contestants: Contestants, seconds: float, device: str = 'cpu') -> dict:
    """Time functions in turn.

    Args:
        contestants: The functions by name.
        seconds: About how long each may run. One that takes longer runs once, and its
            warm-up is then the measurement.
        device: Where they run; a GPU is waited for.

    Returns:
        For each the median and the quartiles in milliseconds, and the number of runs.
    """
    synchronize = torch.cuda.synchronize if device == 'cuda' else lambda: None
    synchronize()
    samples = {
        name: [_once(function, synchronize)] for name, function in contestants.items()
    }
    rounds = {
        name: min(MAX_ROUNDS, int(seconds / first))
        for name, (first,) in samples.items()
    }
    for name, count in rounds.items():
        if count:
            samples[name].clear()
    for turn in range(max(rounds.values())):
        for name, function in contestants.items():
            if turn < rounds[name]:
                samples[name].append(_once(function, synchronize))
    return {name: _summary(times) for name, times in samples.items()}


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
