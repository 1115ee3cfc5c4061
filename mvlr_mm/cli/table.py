"""Print a table of the paper beside what was measured here."""

import argparse
import shlex
import sys
from pathlib import Path

from mvlr_mm.paper.measured import Measured, read_measured
from mvlr_mm.paper.side_by_side import side_by_side


def measured_on(data: str, args: argparse.Namespace) -> Measured:
    """Return the results on a set of pictures; none, and the way to them, without.

    Args:
        data: Folder of the set, or its name.
        args: Of the command line.
    """
    name = Path(data).resolve().name
    folder = Path(args.results) / name
    try:
        return read_measured(folder)
    except FileNotFoundError:
        words = ['--tables', args.table, '--data', data, '--out', str(folder)]
        print(
            f'{folder} has no results yet. To train the rows there:\n'
            f'  python tools/benchmark.py accuracy {shlex.join(words)}',
            file=sys.stderr,
        )
        return Measured(name, ())


def run(args: argparse.Namespace) -> int:
    """Print the table.

    Args:
        args: Of the command line.

    Returns:
        The exit status, 0.
    """
    print(side_by_side(args.table, [measured_on(data, args) for data in args.data]))
    return 0
