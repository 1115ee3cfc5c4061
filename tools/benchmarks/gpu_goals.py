"""What `gpu_check.sh` measured, beside its goals.

    python tools/benchmarks/gpu_goals.py work_dirs/gpu_check

Reads the json and the logs of that folder, prints a table and writes it there as
goals.md. What was not measured is named, too.
"""

import argparse
import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

TWIN, SCAN_STEPS = 'self-attention', 276
QMVL_GOALS = {448: 1.0, 1792: 0.7}  # of the twin's time, by side in px
IMAGES_PER_SECOND = 400
RUNS = {'forward': 'forward', 'both': 'and backward'}
WAYS = {'': '', '_graph': ', as CUDA graphs', '_compiled': ', compiled'}


class Row(NamedTuple):
    """A number beside its goal; None where it was not measured."""

    what: str
    number: float | None
    goal: float
    beside: str = ''
    at_least: bool = False

    def cells(self) -> list[object]:
        """Return the row of the table."""
        sign = '>=' if self.at_least else '<='
        reached = None
        if self.number is not None:
            above = self.number >= self.goal
            below = self.number <= self.goal
            reached = 'yes' if (above if self.at_least else below) else 'no'
        measured = 'not measured' if self.number is None else self.number
        return [self.what, measured, f'{sign} {self.goal}', reached, self.beside]


def _read(file: Path) -> list[dict]:
    if not file.is_file():
        return []
    result = json.loads(file.read_text())['result']
    return result['sizes'] if isinstance(result, dict) else result


def qmvl(folder: Path) -> Iterator[Row]:
    """Compare QMVL with its twin at the sides that have a goal."""
    sizes = {size['side']: size for size in _read(folder / 'speed_qmvl.json')}
    for side, goal in QMVL_GOALS.items():
        kinds = sizes.get(side, {}).get('kinds', {'QMVL': {}, TWIN: {}})
        for run, name in RUNS.items():
            for way, said in WAYS.items():
                times = [kinds[kind].get(run + way) for kind in ('QMVL', TWIN)]
                what = f'QMVL / {TWIN}, {side} px, {name}{said}, {folder.name}'
                if None not in times:
                    mine, twin = (entry['ms'] for entry in times)
                    beside = f'{mine:.3g} and {twin:.3g} ms'
                    yield Row(what, mine / twin, goal, beside)
                elif not way:
                    yield Row(what, None, goal)


def scans(folder: Path) -> Iterator[Row]:
    """Compare the Triton scan with mamba-ssm's kernel."""
    found = [
        result
        for result in _read(folder / 'speed_scan.json')
        if result['shape'][2] == SCAN_STEPS
    ]
    for result in found or [{'shape': None, 'scans': {}}]:
        for run, name in RUNS.items():
            times = [
                result['scans'].get(scan, {}).get(run)
                for scan in ('triton', 'mamba_ssm')
            ]
            batch = f'batch {result["shape"][0]}, ' if result['shape'] else ''
            what = f'scan / mamba-ssm, {batch}{SCAN_STEPS} steps, {name}, {folder.name}'
            if None in times:
                yield Row(what, None, 1.0, 'is mamba-ssm installed?')
                continue
            mine, other = (entry['ms'] for entry in times)
            yield Row(what, mine / other, 1.0, f'{mine:.3g} and {other:.3g} ms')


def steps(folder: Path) -> Iterator[Row]:
    """Read the reports of the training steps."""
    for log in sorted(folder.glob('train*.log')):
        lines = [x for x in log.read_text().splitlines() if x.startswith('{"config"')]
        what = f'training step, images/s, {log.stem}'
        if not lines:
            yield Row(what, None, IMAGES_PER_SECOND, at_least=True)
            continue
        report = json.loads(lines[-1])
        rate, share = report['images_per_second'], report['share_of_matrix_product']
        beside = f'{rate / share:.3g} at the rate of a large matrix product'
        yield Row(what, rate, IMAGES_PER_SECOND, beside, at_least=True)


def main(argv: list[str] | None = None) -> None:
    """Print and write the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('folder', type=Path, help='where gpu_check.sh wrote')
    folder = parser.parse_args(argv).folder
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    report = importlib.import_module('benchmarks.speed.report')

    rows = []
    for dtype in ('float32', 'bfloat16'):
        rows += scans(folder / dtype)
        for kind in sorted(folder.glob(f'{dtype}*')) or [folder / dtype]:
            rows += qmvl(kind)
    rows += steps(folder)
    columns = ['what', 'measured', 'goal', 'reached', 'beside it']
    text = report.table(columns, [row.cells() for row in rows])
    print(text, end='')
    (folder / 'goals.md').write_text(f'# Goals\n\n{text}')


if __name__ == '__main__':
    main()
