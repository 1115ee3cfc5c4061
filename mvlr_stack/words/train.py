"""Train a model from a config."""

import argparse

from ..arguments import add_run_arguments

PROGRAM = 'mvlr_mm.cli.train'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments, named as those of mmpretrain's ``tools/train.py``."""
    parser.add_argument('config', help='config file')
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        help="go on from this checkpoint, or from the work folder's newest",
    )
    parser.add_argument('--no-validate', action='store_true')
    parser.add_argument(
        '--auto-scale-lr',
        action='store_true',
        help='scale the learning rate with the batch size',
    )
    parser.add_argument('--no-persistent-workers', action='store_true')
    add_run_arguments(parser)
