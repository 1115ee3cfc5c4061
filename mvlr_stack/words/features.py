"""Compute what a frozen backbone gives for every picture, to train on that.

`mvlr train CONFIG --features FOLDER` then trains what is behind the backbone without
reading a picture. Where the trunk's last parts train, what the frozen ones before them
give is kept, and the rest of the trunk goes on from that. A folder serves every config
with the same frozen parts, pixels, pipelines and pictures; one that was stopped is gone
on with.
"""

import argparse
from pathlib import Path

from ..arguments import add_config, add_overwrite, at_least
from ..overrides import add_overrides
from ..project import settle_config

PROGRAM = 'mvlr_mm.cli.features'
EXAMPLES = (
    'mvlr features my_config.py --out features',
    'mvlr features my_config.py --views 0   # no augmentation: a view of each picture',
    'mvlr features   # in the folder of a project; features/ in its work folder',
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_config(parser)
    parser.add_argument(
        '--views',
        type=at_least(0),
        default=8,
        help="views of each training picture by train's own pipeline, beside a plain "
        'one of every picture',
    )
    parser.add_argument(
        '--out',
        type=Path,
        metavar='FOLDER',
        help='folder for the features (default: features/ in the work folder)',
    )
    parser.add_argument('--seed', type=at_least(0), default=0, help='of the views')
    parser.add_argument(
        '--batch-size', type=at_least(1), default=32, help='pictures at a time'
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
