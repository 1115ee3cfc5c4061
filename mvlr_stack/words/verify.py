"""Check the data of a config: every picture, every label; report all problems.

Exit status: 0 without a problem, 1 with some, 2 if nothing was read.
"""

import argparse
from pathlib import Path

from ..arguments import add_overwrite, positive
from ..outputs import check_output
from ..overrides import add_overrides

PROGRAM = 'mvlr_mm.cli.verify'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument('config', help='config file')
    parser.add_argument(
        '--workers', type=positive, help='processes; default: all cores'
    )
    parser.add_argument('--json', type=Path, help='file for problems and counts')
    add_overrides(parser)
    add_overwrite(parser)


def check(args: argparse.Namespace) -> None:
    """Check that the results may be written.

    Raises:
        OSError: As for :func:`mvlr_stack.outputs.check_output`.
    """
    check_output('--json', args.json, args.overwrite)
