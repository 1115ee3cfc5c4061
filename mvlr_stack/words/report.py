"""Show what a trained model does, and where it errs, on one page."""

import argparse
from pathlib import Path

from ..arguments import add_overwrite, at_least
from ..outputs import check_output

PROGRAM = 'mvlr_mm.cli.report'
EXAMPLES = (
    'mvlr report work_dirs/my_config',
    'mvlr report work_dirs/my_config --results val.npz --out val.html',
)
OUT = 'report.html'  # in the work dir


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument('work_dir', help='folder of a training, or of a project')
    parser.add_argument(
        '--results',
        metavar='FILE',
        help='.npz file of `mvlr test --out`; without it that of the work dir, '
        'results.npz, which is made if it is not there',
    )
    parser.add_argument('--thresholds', metavar='FILE', help='of `mvlr thresholds`')
    parser.add_argument(
        '--out', metavar='FILE', help=f'.html file to write (default: {OUT} there)'
    )
    parser.add_argument(
        '--pictures',
        type=at_least(1),
        default=6,
        help='pictures in each row of a contact sheet',
    )
    add_overwrite(parser)


def check(args: argparse.Namespace) -> None:
    """Check that the report may be written.

    Raises:
        ValueError: The file is no .html.
        OSError: As for :func:`mvlr_stack.outputs.check_output`.
    """
    if args.out is not None and Path(args.out).suffix not in ('.html', '.htm'):
        raise ValueError(f'--out {args.out}: the report is a .html file.')
    check_output('--out', args.out, args.overwrite)
