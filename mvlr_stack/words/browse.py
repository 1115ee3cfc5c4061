"""Draw the data of a config: a contact sheet, the labels, which go together."""

import argparse
from pathlib import Path

from ..arguments import add_config, add_overwrite, at_least
from ..outputs import check_output
from ..overrides import add_overrides
from ..project import settle_config

PROGRAM = 'mvlr_mm.cli.browse'
EXAMPLES = (
    'mvlr browse my_config.py',
    'mvlr browse my_config.py --split val --number 60 --out sheets/val',
    'mvlr browse my_config.py --transformed   # as the model gets them',
)
SPLITS = ('train', 'val', 'test')  # names that `mvlr_mm.datasets` gives a meaning to
PICTURES = ('sheet', 'labels', 'together')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add_config(parser)
    parser.add_argument('--split', choices=SPLITS, default='train', help='what to draw')
    parser.add_argument(
        '--out',
        type=Path,
        metavar='FOLDER',
        help='folder for the pictures (default: work_dirs/browse/ and the name of the '
        'config)',
    )
    parser.add_argument(
        '--number', type=at_least(1), default=24, help='pictures on the sheet'
    )
    parser.add_argument('--seed', type=at_least(0), default=0, help='of the choice')
    parser.add_argument(
        '--transformed', action='store_true', help='as the model gets them'
    )
    add_overrides(parser)
    add_overwrite(parser)


def check(args: argparse.Namespace) -> None:
    """Find the config, choose the folder, check that the pictures may be written.

    Raises:
        OSError: As for :func:`mvlr_stack.project.settle_config` and
            :func:`mvlr_stack.outputs.check_output`.
    """
    args.config = settle_config(args.config)
    if args.out is None:
        args.out = Path('work_dirs/browse') / Path(args.config).stem
    for name in PICTURES:
        check_output('--out', args.out / f'{name}.png', args.overwrite)
