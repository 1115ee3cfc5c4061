"""Keep pictures decoded and resized, so that training reads no large JPEG.

`mvlr train CONFIG --cache FOLDER` then begins its pipelines behind the resize. A folder
serves every config with the same pictures and the same first steps; one that was
stopped is gone on with.
"""

import argparse
from pathlib import Path

from ..arguments import add_config, add_overwrite, at_least
from ..overrides import add_overrides
from ..project import settle_config

PROGRAM = 'mvlr_mm.cli.cache'
EXAMPLES = (
    'mvlr cache my_config.py --out cache',
    'mvlr cache my_config.py --out cache --workers 4',
    'mvlr cache   # in the folder of a project; cache/ in its work folder',
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_config(parser)
    parser.add_argument(
        '--out',
        type=Path,
        metavar='FOLDER',
        help='folder for the pictures (default: cache/ in the work folder)',
    )
    parser.add_argument(
        '--workers', type=at_least(0), help='processes (default: one for each core)'
    )
    add_overrides(parser)
    add_overwrite(parser)


def check(args: argparse.Namespace) -> None:
    """Find the config.

    Raises:
        FileNotFoundError: As for :func:`mvlr_stack.project.settle_config`.
    """
    args.config = settle_config(args.config)
