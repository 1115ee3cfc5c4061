"""Time and memory over the number of labels, each in a process of its own.

The whole model of a config with random weights. `build` encodes the hard prompts,
the first batch of evaluation the soft ones; a later batch does neither.
"""

import argparse
import importlib
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import torch
from mmpretrain.structures import DataSample
from torch import nn

from mvlr_stack.arguments import at_least

from .report import Result, table

ROOT = Path(__file__).parents[3]
CONFIG = ROOT / 'configs/mvlr/mvlr_rn101_coco.py'
COUNTS = (20, 80, 365, 1203, 9600)
# fmt: off
# One to three of these make a name, about as long as those of Open Images.
WORDS = (
    'sea', 'boat', 'dog', 'cat', 'street', 'lamp', 'tree', 'house', 'car', 'bird',
    'red', 'old', 'night', 'table', 'door', 'hat', 'ball', 'horse', 'glass', 'paper',
    'stone', 'wood',
)
# fmt: on


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this part can be told."""
    parser.add_argument('--counts', type=at_least(1), nargs='+', default=list(COUNTS))
    parser.add_argument('--config', type=Path, default=CONFIG)
    parser.add_argument(
        '--side', type=at_least(1), default=448, help='of the picture, px'
    )
    parser.add_argument('--batch', type=at_least(1), default=1)
    parser.add_argument('--rounds', type=at_least(1), default=3, help='after the first')
    parser.add_argument('--modes', nargs='+', choices=MODES, default=list(MODES))
    parser.add_argument('--child', nargs=2, help=argparse.SUPPRESS)


def label_names(count: int) -> list[str]:
    """Return so many names that differ.

    Raises:
        ValueError: There are not that many.
    """
    names = [
        ' '.join(words) for size in (1, 2, 3) for words in product(WORDS, repeat=size)
    ]
    if count > len(names):
        raise ValueError(
            f'--counts: {count} is above {len(names)}; give a smaller one.'
        )
    return names[:: max(1, len(names) // count)][:count]


def _seconds(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def _peak() -> float:
    """Return the most memory that this process has ever had, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def _repeat(name: str, function: Callable[[], object], rounds: int) -> dict[str, float]:
    first = _seconds(function)
    later = sorted(_seconds(function) for _ in range(rounds))
    result = {f'{name}_first_s': first, 'peak_gb': _peak()}
    return result | ({f'{name}_s': later[len(later) // 2]} if later else {})


def evaluate(model: nn.Module, count: int, args: argparse.Namespace) -> dict:
    """Return the times of the batches of an evaluation."""
    images = torch.randn(args.batch, 3, args.side, args.side)
    model.eval()
    with torch.no_grad():
        return _repeat('eval', lambda: model(images, mode='tensor'), args.rounds)


def train(model: nn.Module, count: int, args: argparse.Namespace) -> dict:
    """Return the times of forward and backward, whole and of the text tower alone."""
    images = torch.randn(args.batch, 3, args.side, args.side)
    targets = (torch.rand(args.batch, count) < 3 / count).float()
    samples = [DataSample().set_gt_score(target) for target in targets]
    model.train()

    def step() -> None:
        sum(model.loss(images, samples).values()).backward()

    result = _repeat('train', step, args.rounds)
    prompt = model.neck.prompt

    def text() -> None:
        prompt._encode()[1].sum().backward()

    return result | {'text_s': _repeat('text', text, args.rounds).get('text_s')}


MODES = {'eval': evaluate, 'train': train}


def child(args: argparse.Namespace) -> None:
    """Measure one number of labels in one mode and print it as json."""
    mode, count = args.child[0], int(args.child[1])
    complexity = importlib.import_module('analysis.complexity')
    options = {'model.neck.prompt.classes': label_names(count)}
    start = time.perf_counter()
    model = complexity.build(str(args.config), options)
    result = {'labels': count, 'build_s': time.perf_counter() - start}
    print(json.dumps(result | MODES[mode](model, count, args)))


def measure(mode: str, count: int, args: argparse.Namespace) -> dict[str, Any]:
    """Run a child.

    Raises:
        RuntimeError: It failed, for instance for want of memory.
    """
    command = [sys.executable, str(ROOT / 'tools/benchmark.py'), 'speed', 'labels']
    for name in ('threads', 'config', 'side', 'batch', 'rounds'):
        command += [f'--{name}', str(getattr(args, name))]
    command += ['--child', mode, str(count)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f'{count} labels, {mode}: {done.stderr[-2000:]}')
    return json.loads(done.stdout.splitlines()[-1])


def run(args: argparse.Namespace) -> Result | None:
    """Measure every number of labels in every mode."""
    torch.set_num_threads(args.threads)
    if args.child:
        return child(args)
    if args.quick:
        args.counts, args.side, args.rounds = args.counts[:1], 64, 1
    results, tables = {}, {}
    for mode in args.modes:
        results[mode] = []
        for count in args.counts:
            results[mode].append(measure(mode, count, args))
            print(json.dumps(results[mode][-1]), file=sys.stderr, flush=True)
        columns = list(results[mode][0])
        rows = [list(entry.values()) for entry in results[mode]]
        tables[mode] = table([name.replace('_', ' ') for name in columns], rows)
    note = (
        f'{Path(args.config).name}, {args.side} px, batch {args.batch}, float32; the '
        'peak is that of the whole process, torch included.'
    )
    return Result(results, tables, [note])
