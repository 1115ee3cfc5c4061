"""Search a threshold for each label, and one for all, on results of the val set."""

import argparse

from ..arguments import add_overwrite, number
from ..outputs import check_output

PROGRAM = 'mvlr_mm.cli.thresholds'
EXAMPLES = (
    'mvlr thresholds val.npz --out thresholds.json',
    'mvlr thresholds val.npz --out thresholds.json --by precision --level 0.9',
)
SEARCHES = (
    'f1',
    'fbeta',
    'precision',
)  # names that `mvlr_mm.evaluation` gives a meaning to


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument('results', help='.npz file of `mvlr test --out`')
    parser.add_argument(
        '--out', required=True, metavar='FILE', help='.json file for the thresholds'
    )
    parser.add_argument(
        '--by',
        choices=SEARCHES,
        default='f1',
        help='what a threshold is to reach: the best F1, the best F-beta, a precision',
    )
    parser.add_argument(
        '--level', type=number(above=0), help='beta of fbeta; the precision to keep'
    )
    parser.add_argument(
        '--temperatures',
        action='store_true',
        help='fit the temperature of every label, too',
    )
    add_overwrite(parser)


def check(args: argparse.Namespace) -> None:
    """Check that the results may be written.

    Raises:
        OSError: As for :func:`mvlr_stack.outputs.check_output`.
    """
    check_output('--out', args.out, args.overwrite)
