"""Check the data of a config: every picture, every label; report all problems.

Exit status: 0 without a problem, 1 with some, 2 if nothing was read.
"""

import argparse
from pathlib import Path

from ..arguments import add_config, add_overwrite, at_least
from ..outputs import check_output
from ..overrides import add_overrides
from ..project import settle_config

PROGRAM = 'mvlr_mm.cli.verify'
EXAMPLES = (
    'mvlr verify my_config.py',
    'mvlr verify configs/mvlr/mvlr_custom.py --cfg-options data_root=/my/pictures',
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_config(parser)
    parser.add_argument(
        '--workers', type=at_least(1), help='processes (default: one a core)'
    )
    parser.add_argument(
        '--json', type=Path, metavar='FILE', help='write problems and counts'
    )
    add_overrides(parser)
    add_overwrite(parser)


def check(args: argparse.Namespace) -> None:
    """Find the config, and check that the results may be written.

    Raises:
        OSError: As for :func:`mvlr_stack.project.settle_config` and
            :func:`mvlr_stack.outputs.check_output`.
    """
    args.config = settle_config(args.config)
    check_output('--json', args.json, args.overwrite)
