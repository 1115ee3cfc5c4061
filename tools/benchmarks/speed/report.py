"""Writing down what was measured: the machine, json, Markdown."""

import argparse
import json
import platform
import shlex
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

import torch

from mvlr_stack.outputs import write_text

_PACKAGES = ('torch', 'triton', 'mamba-ssm', 'mambapy', 'open_clip_torch', 'numpy')


class Result(NamedTuple):
    """What a part of the benchmark gives."""

    data: Any  # for the json
    tables: dict[str, str]  # Markdown by heading
    notes: Sequence[str] = ()


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a Markdown table; numbers get three digits that count."""
    lines = [f'| {" | ".join(columns)} |', '|---' * len(columns) + '|']
    lines += [f'| {" | ".join(map(_cell, row))} |' for row in rows]
    return '\n'.join(lines) + '\n'


def _cell(value: object) -> str:
    if not isinstance(value, float):
        return '' if value is None else str(value)
    return f'{value:.0f}' if abs(value) >= 100 else f'{value:.3g}'


def machine() -> dict[str, Any]:
    """Return the processor, the GPU and the versions."""
    versions = {'python': platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    cpus = Path('/proc/cpuinfo')
    names = [
        line.split(':')[1].strip()
        for line in (cpus.read_text().splitlines() if cpus.is_file() else [])
        if line.startswith('model name')
    ]
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return {
        'cpu': names[0] if names else platform.processor(),
        'cores': len(names) or None,
        'vectors': torch.backends.cpu.get_cpu_capability(),
        'gpu': gpu,
        'threads': torch.get_num_threads(),
        'versions': versions,
    }


def markdown(part: str, result: Result, here: dict[str, Any], command: str) -> str:
    """Return the page of a part."""
    versions = ', '.join(f'{k} {v}' for k, v in here['versions'].items())
    gpu = f', {here["gpu"]}' if here['gpu'] else ''
    lines = [
        f'# Speed: {part}',
        '',
        f'`{command}`',
        '',
        f'{here["cpu"]} ({here["cores"]} cores, {here["vectors"]}){gpu}; '
        f'{here["threads"]} threads; {versions}.',
        *(f'\n{note}' for note in result.notes),
    ]
    for heading, text in result.tables.items():
        lines += ['', f'## {heading}', '', text.rstrip()]
    return '\n'.join(lines) + '\n'


def publish(part: str, result: Result, args: argparse.Namespace) -> None:
    """Print a result, and write it if the command line says where."""
    command = f'python tools/benchmark.py {shlex.join(sys.argv[1:])}'
    here = machine()
    page = markdown(part, result, here, command)
    print(page)
    if args.out:
        content = {'command': command, 'machine': here, 'result': result.data}
        as_json, as_page = outputs(part, args.out)
        write_text(as_json, json.dumps(content, indent=1) + '\n')
        write_text(as_page, page)


def outputs(part: str, folder: Path) -> tuple[Path, Path]:
    """Return where the numbers and the page of a part are written."""
    return folder / f'speed_{part}.json', folder / f'speed_{part}.md'
