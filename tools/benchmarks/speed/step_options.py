"""The options of a training step, each measured in a process of its own."""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config

from mvlr_stack.overrides import Word

from ..training_step import TrainingStep, peak_gb

ROOT = Path(__file__).parents[3]
TOOL = ROOT / 'tools/benchmark.py'
# what torch says on the CPU, where the error has no class of its own
OUT_OF_MEMORY = ("can't allocate memory", 'bad_alloc')


def contestants(cfg: Config, args: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Return what each child is told, by name."""
    part = args.batch // args.splits[0]
    fused = 'optim_wrapper.optimizer.fused'
    layouts = {'': {fused: False}}
    if cfg.model.backbone.type == 'CLIPBackbone':
        name = 'model.backbone.channels_last'
        plain = {fused: False, name: False}
        layouts = {'': plain, ', channels_last': plain | {name: True}}
    result = {
        kind + layout: dict(batch=part, amp=amp, options=options)
        for kind, amp in (('float32', False), ('bfloat16', True))
        for layout, options in layouts.items()
    }
    options = layouts[''] | {fused: True}
    result['float32, fused AdamW'] = dict(batch=part, amp=False, options=options)
    for kind, amp in (('float32', False), ('bfloat16', True)):
        name = f'{kind}, as the config has it'
        result[name] = dict(batch=part, amp=amp, options={})
    for count in args.splits:
        batch = args.batch // count
        name = f'{count} x {batch}, {"bfloat16" if args.amp else "float32"}'
        counts = {'optim_wrapper.accumulative_counts': count}
        result[name] = dict(batch=batch, amp=args.amp, options=counts, count=count)
    return {name: {'count': 1} | told for name, told in result.items()}


def measure(cfg: Config, args: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Run every child and return what it was told and found.

    Raises:
        RuntimeError: One failed, other than for want of memory.
    """
    results, told_by_name = {}, contestants(cfg, args)
    if args.quick:  # the last one alone: every process takes seconds to start
        told_by_name = dict([told_by_name.popitem()])
    for name, told in told_by_name.items():
        told['options'] = dict(args.cfg_options) | told['options']
        results[name] = told | _run(name, told, args)
        print(json.dumps({name: results[name]}), file=sys.stderr, flush=True)
    return results


def _run(name: str, told: dict[str, Any], args: argparse.Namespace) -> dict[str, Any]:
    command = [sys.executable, str(TOOL), 'speed', 'train', '--child', json.dumps(told)]
    for argument in ('threads', 'config', 'side', 'rounds', 'device'):
        command += [f'--{argument}', str(getattr(args, argument))]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f'{name}: {done.stderr[-2000:]}')
    return json.loads(done.stdout.splitlines()[-1])


def child(args: argparse.Namespace) -> None:
    """Measure updates with some options and print the result as json."""
    if args.device == 'cpu':
        _stay_within_free_memory()
    try:
        found = _updates(args)
    except (MemoryError, RuntimeError) as error:
        out = isinstance(error, (MemoryError, torch.OutOfMemoryError))
        if not out and not any(words in str(error) for words in OUT_OF_MEMORY):
            raise
        found = {'images_per_second': None, 'peak_gb': None}
    print(json.dumps(found))


def _updates(args: argparse.Namespace) -> dict[str, float]:
    told = args.child
    # json has made texts of the words of a command line
    options = {
        key: Word(value) if isinstance(value, str) else value
        for key, value in told['options'].items()
    }
    step = TrainingStep(
        args.config, told['batch'], args.side, args.device, told['amp'], options
    )
    seconds = []
    for _ in range(args.rounds + 1):
        start = time.perf_counter()
        for _ in range(told['count']):
            step()
        if args.device == 'cuda':
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - start)
    pictures = told['batch'] * told['count']
    return {
        'images_per_second': pictures / statistics.median(seconds[1:]),
        'peak_gb': peak_gb(args.device),
    }


def _stay_within_free_memory() -> None:
    """Let an allocation fail, rather than the machine end other processes."""
    meminfo = Path('/proc/meminfo')
    if meminfo.is_file():
        lines = dict(line.split(':') for line in meminfo.read_text().splitlines())
        free = 1024 * int(lines['MemAvailable'].split()[0])
        resource.setrlimit(resource.RLIMIT_DATA, (free, free))
