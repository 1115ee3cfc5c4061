"""Time average precision of every label, and its memory, beside other libraries.

    python tools/benchmarks/average_precision.py [--images 40504] [--labels 80]
        [--repeats 5] [--threads N] [--json FILE]

All take the same float32 scores and int64 targets, drawn by a seed. Seconds are medians
of calls that alternate in one process. Memory is what a call adds to a process of its
own at its peak, over that of the scores. The last column is the greatest difference
from ours over the labels, in percent points.
"""

import argparse
import contextlib
import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from mvlr_stack.arguments import add_overwrite, at_least
from mvlr_stack.errors import plain_errors
from mvlr_stack.outputs import check_output, write_text

Contestant = Callable[[torch.Tensor, torch.Tensor], np.ndarray]
PACKAGES = ('numpy', 'torch', 'scikit-learn', 'torchmetrics')


def ours(scores: torch.Tensor, targets: torch.Tensor) -> np.ndarray:
    """Return AP by `mvlr_mm`."""
    from mvlr_mm.evaluation import average_precision

    return average_precision(scores, targets, empty='zero')


def mmpretrain(scores: torch.Tensor, targets: torch.Tensor) -> np.ndarray:
    """Return AP by mmpretrain's metric."""
    from mmpretrain.evaluation import AveragePrecision

    return AveragePrecision.calculate(scores, targets, average=None).numpy() / 100


def sklearn(scores: torch.Tensor, targets: torch.Tensor) -> np.ndarray:
    """Return AP by scikit-learn."""
    from sklearn.metrics import average_precision_score

    values = average_precision_score(targets.numpy(), scores.numpy(), average=None)
    return np.atleast_1d(values)


def torchmetrics(scores: torch.Tensor, targets: torch.Tensor) -> np.ndarray:
    """Return AP by torchmetrics."""
    from torchmetrics.functional.classification import multilabel_average_precision

    labels = scores.shape[1]
    ap = multilabel_average_precision(scores, targets, labels, average='none')
    return np.nan_to_num(ap.numpy())


CONTESTANTS: dict[str, Contestant] = {
    f.__name__: f for f in (ours, mmpretrain, sklearn, torchmetrics)
}


def draw(images: int, labels: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Return scores of a fair model and targets, about 2.9 of 80 labels present.

    Drawn block by block, so that nothing but the two is ever in memory.
    """
    rng = np.random.default_rng(seed)
    scores = torch.empty(images, labels)
    targets = torch.empty(images, labels, dtype=torch.int64)
    for rows in torch.arange(images).split(1024):
        block = torch.from_numpy(rng.random((len(rows), labels)) < 2.9 / 80)
        noise = rng.standard_normal(block.shape, dtype=np.float32)
        targets[rows] = block.long()
        scores[rows] = torch.sigmoid(torch.from_numpy(noise) + 2 * block - 3)
    return scores, targets


def peak_memory(name: str, images: int, labels: int) -> int:
    """Return the bytes that one call adds at its peak to this process."""
    CONTESTANTS[name](*draw(64, 2))  # imports and threads are not part of it
    data = draw(images, labels)
    Path('/proc/self/clear_refs').write_text('5')  # the peak begins anew
    before = _status('VmHWM')
    CONTESTANTS[name](*data)
    return _status('VmHWM') - before


def _status(key: str) -> int:
    """Return a size of this process in bytes, as Linux counts it."""
    lines = Path('/proc/self/status').read_text().splitlines()
    return 1024 * int(next(x for x in lines if x.startswith(key)).split()[1])


def memory_of(name: str, images: int, labels: int, threads: int) -> int:
    """Return :func:`peak_memory` of a new process.

    Raises:
        subprocess.CalledProcessError: The process failed.
    """
    words = [
        '--images',
        str(images),
        '--labels',
        str(labels),
        '--threads',
        str(threads),
    ]
    done = subprocess.run(
        [sys.executable, __file__, *words, '--memory-of', name],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return int(done.stdout.splitlines()[-1])


def measure(
    names: list[str], images: int, labels: int, repeats: int, threads: int
) -> dict[str, dict]:
    """Return seconds, memory and difference of every contestant."""
    data = draw(images, labels)
    for name in names:
        CONTESTANTS[name](*draw(64, 2))
    seconds: dict[str, list[float]] = {name: [] for name in names}
    results = {}
    for _ in range(repeats):
        for name in names:
            start = time.perf_counter()
            results[name] = CONTESTANTS[name](*data)
            seconds[name].append(time.perf_counter() - start)
    size = data[0].numel() * data[0].element_size()
    return {
        name: {
            'seconds': statistics.median(seconds[name]),
            'all_seconds': seconds[name],
            'memory_over_scores': memory_of(name, images, labels, threads) / size,
            'difference': 100 * float(abs(results[name] - results['ours']).max()),
        }
        for name in names
    }


def machine(threads: int) -> dict[str, object]:
    """Return what the numbers depend on."""
    info = Path('/proc/cpuinfo').read_text().splitlines()
    model = next((x.split(':')[1].strip() for x in info if 'model name' in x), '')
    found = {'cpu': model, 'cores': os.cpu_count(), 'threads': threads}
    found['python'] = platform.python_version()
    for package in PACKAGES:  # a contestant that is not asked for may be missing
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[package] = importlib.metadata.version(package)
    import mmpretrain as stack

    return {**found, 'mmpretrain': stack.__version__}


def markdown(results: dict[str, dict]) -> str:
    """Return the table."""
    lines = [
        '| | seconds | times ours | memory over scores | difference |',
        '|---|---|---|---|---|',
    ]
    for name, row in results.items():
        times = row['seconds'] / results['ours']['seconds']
        lines.append(
            f'| {name} | {row["seconds"]:.3f} | {times:.1f} | '
            f'{row["memory_over_scores"]:.2f} | {row["difference"]:.1e} |'
        )
    return '\n'.join(lines)


def main(argv: list[str] | None = None) -> int:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--images', type=at_least(1), default=40504)
    parser.add_argument('--labels', type=at_least(1), default=80)
    parser.add_argument('--repeats', type=at_least(1), default=5)
    parser.add_argument('--threads', type=at_least(1), default=torch.get_num_threads())
    parser.add_argument(
        '--contestants', nargs='+', choices=CONTESTANTS, default=list(CONTESTANTS)
    )
    parser.add_argument('--json', type=Path, help='file for the numbers')
    parser.add_argument('--memory-of', choices=CONTESTANTS, help=argparse.SUPPRESS)
    add_overwrite(parser)
    args = parser.parse_args(argv)
    with plain_errors():
        check_output('--json', args.json, args.overwrite)
        return run(args)


def run(args: argparse.Namespace) -> int:
    """Do what the command line says."""
    warnings.simplefilter('ignore')  # other libraries' remarks on empty labels
    torch.set_num_threads(args.threads)
    if args.memory_of:
        print(peak_memory(args.memory_of, args.images, args.labels))
        return 0
    names = ['ours', *(name for name in args.contestants if name != 'ours')]
    size = (args.images, args.labels)
    results = measure(names, *size, args.repeats, args.threads)
    about = machine(args.threads)
    print(f'{args.images:,} x {args.labels:,}')
    print(', '.join(f'{key} {value}' for key, value in about.items()))
    print(markdown(results))
    if args.json:
        content = {'images': args.images, 'labels': args.labels, 'machine': about}
        content['results'] = results
        write_text(args.json, json.dumps(content, indent=2) + '\n')
    return 0


if __name__ == '__main__':
    sys.exit(main())
