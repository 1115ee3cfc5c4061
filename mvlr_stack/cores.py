"""How many cores this process may use, and how many of them are idle."""

import math
import os
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path('/')  # where the kernel's files are


def cores(root: Path = ROOT) -> list[set[int]]:
    """Return the processors of each core that this process may run on."""
    found = {}
    for processor in sorted(os.sched_getaffinity(0)):
        topology = f'sys/devices/system/cpu/cpu{processor}/topology'
        siblings = _read(root / topology / 'thread_siblings_list')
        found.setdefault(siblings or processor, set()).add(processor)
    return list(found.values())


def quota(root: Path = ROOT) -> float:
    """Return how many cores the control groups allow, as in a container; else inf."""
    limits = [math.inf]
    for line in _read(root / 'proc/self/cgroup').splitlines():
        _, controllers, place = line.split(':', 2)
        if controllers == '':
            limits += [_limit_v2(folder) for folder in _up(root, '', place)]
        elif 'cpu' in controllers.split(','):
            limits += [_limit_v1(folder) for folder in _up(root, 'cpu', place)]
    return min(limits)


def idle_cores(
    seconds: float = 0.2, root: Path = ROOT, sleep: Callable = time.sleep
) -> float:
    """Measure how many of the cores that this process may use are idle.

    A core is as idle as the busiest of its processors, since they share it. Where the
    kernel does not say, all cores count as idle.

    Args:
        seconds: How long to look.
        root: Where the kernel's files are.
        sleep: What waits, for a test.
    """
    before = _times(root)
    sleep(seconds)
    after = _times(root)
    return sum(
        min(_idle_share(before.get(p), after.get(p)) for p in core)
        for core in cores(root)
    )


def _times(root: Path) -> dict[int, tuple[int, int]]:
    """Return the ticks of each processor since the start: idle ones, and all."""
    times = {}
    for line in _read(root / 'proc/stat').splitlines():
        name, *fields = line.split()
        if name.startswith('cpu') and name != 'cpu':
            # user nice system idle iowait irq softirq steal; guests are in user
            ticks = [int(field) for field in fields[:8]]
            times[int(name[3:])] = sum(ticks[3:5]), sum(ticks)
    return times


def _idle_share(before: tuple | None, after: tuple | None) -> float:
    if before is None or after is None or after[1] <= before[1]:
        return 1.0
    return (after[0] - before[0]) / (after[1] - before[1])


def _up(root: Path, controller: str, place: str) -> list[Path]:
    """Return the folder of a control group and of those around it."""
    top = root / 'sys/fs/cgroup' / controller
    folder = top / place.lstrip('/')
    return [folder, *(p for p in folder.parents if p.is_relative_to(top))]


def _limit_v2(folder: Path) -> float:
    words = _read(folder / 'cpu.max').split()
    return _ratio(*words) if len(words) == 2 else math.inf


def _limit_v1(folder: Path) -> float:
    quota_us = _read(folder / 'cpu.cfs_quota_us').strip()
    period_us = _read(folder / 'cpu.cfs_period_us').strip()
    return _ratio(quota_us, period_us)


def _ratio(quota_us: str, period_us: str) -> float:
    """Return the quotient; inf where either is no number above 0: 'max', '-1', ''."""
    if quota_us.isdigit() and period_us.isdigit() and int(quota_us) * int(period_us):
        return int(quota_us) / int(period_us)
    return math.inf


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ''
