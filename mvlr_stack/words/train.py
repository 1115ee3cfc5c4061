"""Train a model from a config."""

import argparse

from ..arguments import add_config, add_run_arguments
from ..project import settle_config

PROGRAM = 'mvlr_mm.cli.train'
EXAMPLES = (
    'mvlr train configs/mvlr/mvlr_custom.py --cfg-options data_root=/my/pictures',
    'mvlr train mvlr_mm::mvlr/mvlr_rn101_coco.py --amp --work-dir runs/coco',
    'mvlr train my_config.py --resume',
    'mvlr train my_config.py --features features   # of `mvlr features`',
    'mvlr train my_config.py --cache cache   # of `mvlr cache`',
    'mvlr train   # in the folder of a project',
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments, named as those of mmpretrain's ``tools/train.py``."""
    add_config(parser)
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        metavar='CHECKPOINT',
        help="go on from this checkpoint, or from the work folder's newest, if any",
    )
    parser.add_argument(
        '--no-validate', action='store_true', help='do not look at the val set'
    )
    parser.add_argument(
        '--auto-scale-lr',
        action='store_true',
        help='scale the learning rate with the batch size',
    )
    parser.add_argument(
        '--no-persistent-workers',
        action='store_true',
        help="start the loaders' processes anew for each epoch",
    )
    add_run_arguments(parser)


def check(args: argparse.Namespace) -> None:
    """Find the config.

    Raises:
        FileNotFoundError: As for :func:`mvlr_stack.project.settle_config`.
    """
    args.config = settle_config(args.config)
