"""Time small layers beside busy processes, with each way for threads to wait.

    python tools/benchmarks/busy_machine.py --out busy_machine.md

A step is ten small convolution layers, forward and backward. Each contestant starts
anew with its own environment, quiet and then beside busy processes, in turn with the
others; times are medians over the rounds. Nothing else should run meanwhile.
"""

import argparse
import os
import platform
import shlex
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mvlr_stack.arguments import add_overwrite, at_least, number
from mvlr_stack.errors import plain_errors
from mvlr_stack.outputs import check_output, write_text
from mvlr_stack.threads import SPINS, THREADS, WAITING

ROOT = Path(__file__).parents[2]
SETTLED = 'what `mvlr` sets'
CONTESTANTS = {
    'nothing set': {},
    'OMP_WAIT_POLICY=PASSIVE': {'OMP_WAIT_POLICY': 'PASSIVE'},
    **{
        f'GOMP_SPINCOUNT={n}': {'GOMP_SPINCOUNT': str(n)}
        for n in (200_000, 100_000, 50_000, 30_000, 10_000)
    },
    'OMP_NUM_THREADS=1': {'OMP_NUM_THREADS': '1'},
    SETTLED: {},
}
BUSY = 'while True: pass'
ABOUT = f"""\
Ten small convolution layers, forward and backward, in milliseconds a step: medians over
new processes that take turns, each quiet and then beside processes that do nothing but
keep a core busy. torch's threads meet after every layer, and whoever comes first spins
until the last is there.

What `mvlr` sets: no more threads than the machine has idle cores at the start, and
`GOMP_SPINCOUNT={SPINS}`, each only where the environment says nothing about threads or
waiting (`mvlr_stack/threads.py`). `mvlr`, `tools/train.py`, `tools/test.py` and
the quickstart do so.
"""


def time_step(seconds: float) -> float:
    """Return the milliseconds of a step, the median over so many seconds."""
    import torch
    from torch import nn

    layers = [nn.Conv2d(32, 32, 3, padding=1) for _ in range(10)]
    model = nn.Sequential(*layers).to(memory_format=torch.channels_last)
    images = torch.rand(16, 32, 32, 32).contiguous(memory_format=torch.channels_last)
    times, end = [], time.perf_counter() + seconds
    while not times or time.perf_counter() < end:
        start = time.perf_counter()
        model(images).sum().backward()
        times.append(time.perf_counter() - start)
    return 1e3 * statistics.median(times)


@contextmanager
def busy_processes(count: int) -> Iterator[None]:
    """Keep ``count`` processes busy meanwhile."""
    processes = [subprocess.Popen([sys.executable, '-c', BUSY]) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def run(name: str, seconds: float) -> float:
    """Time a step in a new process with a contestant's environment."""
    chosen = {*THREADS, *WAITING}
    environ = {key: value for key, value in os.environ.items() if key not in chosen}
    before = ['-m', 'mvlr_stack.threads', sys.executable] if name == SETTLED else []
    command = [sys.executable, *before, __file__, '--step', str(seconds)]
    environ |= {'PYTHONPATH': str(ROOT), **CONTESTANTS[name]}
    output = subprocess.run(
        command, env=environ, check=True, stdout=subprocess.PIPE, text=True
    )
    return float(output.stdout)


def measure(busy: int, rounds: int, seconds: float) -> dict[str, list[list[float]]]:
    """Return the milliseconds of every round, quiet and busy, of each contestant."""
    times = {name: [[], []] for name in CONTESTANTS}
    for _ in range(rounds):
        for name, (quiet, beside) in times.items():
            quiet.append(run(name, seconds))
            with busy_processes(busy):
                beside.append(run(name, seconds))
    return times


def format_page(times: dict[str, list[list[float]]], command: str, busy: int) -> str:
    """Return the page: command, machine, table."""
    import torch

    first = [statistics.median(column) for column in next(iter(times.values()))]
    lines = [
        f'| | quiet | beside {busy} busy processes | to the first, quiet | busy |',
        '|---|---|---|---|---|',
    ]
    for name, columns in times.items():
        quiet, beside = (statistics.median(column) for column in columns)
        lines.append(
            f'| {name} | {quiet:.1f} | {beside:.1f} | {quiet / first[0]:.2f} | '
            f'{beside / first[1]:.2f} |'
        )
    machine = (
        'Machine: '
        f'{len(os.sched_getaffinity(0))} processors, {platform.machine()}; '
        f'Python {platform.python_version()}, torch {torch.__version__}.'
    )
    top = ['# A busy machine', '', ABOUT, '```bash', command, '```', '']
    return '\n'.join([*top, machine, '', *lines, ''])


def main(argv: list[str] | None = None) -> None:
    """Measure all contestants and print or write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--busy', type=at_least(1), default=3, help='busy processes')
    parser.add_argument('--rounds', type=at_least(1), default=5)
    parser.add_argument(
        '--seconds', type=number(above=0), default=4, help='of each measurement'
    )
    parser.add_argument('--out', type=Path, help='page to put the table into')
    parser.add_argument('--step', type=float, help=argparse.SUPPRESS)
    add_overwrite(parser)
    args = parser.parse_args(argv)
    if args.step is not None:
        print(time_step(args.step))
        return
    with plain_errors():
        check_output('--out', args.out, args.overwrite)
    times = measure(args.busy, args.rounds, args.seconds)
    words = sys.argv[1:] if argv is None else argv
    command = f'python tools/benchmarks/busy_machine.py {shlex.join(words)}'
    page = format_page(times, command, args.busy)
    print(page)
    if args.out:
        write_text(args.out, page)


if __name__ == '__main__':
    main()
