"""Evaluate saved results again, under any protocol, without the model."""

import argparse
from pathlib import Path

from ..arguments import add_overwrite, at_least, number
from ..outputs import check_output

PROGRAM = 'mvlr_mm.cli.eval'
EXAMPLES = (
    'mvlr eval results.npz',
    'mvlr eval results.npz --protocol asl --csv labels.csv',
    'mvlr eval results.npz --thresholds thresholds.json --resamples 1000',
)
# Names that `mvlr_mm.evaluation` gives a meaning to.
PROTOCOLS = (
    'mlgcn',
    'salgl',
    'ctran',
    'csra',
    'asl',
    'mldecoder',
    'dualcoop',
    'q2l',
    'vmamba_mlir',
    'mmpretrain',
    'sklearn',
    'voc07',
    'voc10',
    'pedestrian',
)
AP_MODES = ('noninterpolated', 'sklearn', 'voc07', 'voc10')
EMPTY = ('skip', 'zero', 'nan')
FAMILIES = ('paper', 'asl', 'mmpretrain')
UNKNOWN = ('skip', 'negative')
MORE = ('attributes', 'sets', 'ranking')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument('results', help='.npz file of `mvlr test --out`')
    parser.add_argument(
        '--protocol',
        choices=PROTOCOLS,
        help='whose way to count (default: that of the test, or mlgcn); '
        'docs/guides/evaluation.md says what each does',
    )
    fields = parser.add_argument_group('fields of the protocol to change')
    fields.add_argument(
        '--ap', choices=AP_MODES, help='how average precision is computed'
    )
    fields.add_argument(
        '--empty',
        choices=EMPTY,
        help='what the mean does with labels without a positive',
    )
    fields.add_argument(
        '--family', choices=FAMILIES, help='how precision, recall and F1 are averaged'
    )
    fields.add_argument('--thr', type=number(), help='threshold of all labels')
    fields.add_argument(
        '--must-exceed',
        '--strict',
        action=argparse.BooleanOptionalAction,
        help='a score has to lie above the threshold; or may equal it',
    )
    fields.add_argument(
        '--topk', type=at_least(0), help='more numbers for the k highest; 0: none'
    )
    fields.add_argument(
        '--topk-thr',
        action=argparse.BooleanOptionalAction,
        help='that group needs the threshold as well; or not',
    )
    fields.add_argument(
        '--unknown', choices=UNKNOWN, help='what F1 does with labels marked -1'
    )
    fields.add_argument(
        '--more', nargs='*', choices=MORE, help='further numbers to print'
    )
    parser.add_argument(
        '--classes', nargs='+', metavar='LABEL', help='evaluate only these labels'
    )
    parser.add_argument('--thresholds', metavar='FILE', help='of `mvlr thresholds`')
    parser.add_argument(
        '--resamples',
        type=at_least(0),
        default=0,
        help='draws for a bootstrap interval of mAP; 0: no interval',
    )
    parser.add_argument('--seed', type=at_least(0), default=0, help='of these draws')
    parser.add_argument(
        '--calibration',
        action='store_true',
        help='print the calibration error, ECE; that with the temperatures of '
        '--thresholds, too',
    )
    parser.add_argument('--csv', metavar='FILE', help='write the table of the labels')
    parser.add_argument(
        '--json', metavar='FILE', help='write protocol, numbers and table'
    )
    add_overwrite(parser)


def check(args: argparse.Namespace) -> None:
    """Check that the results may be written.

    Raises:
        ValueError: A file is called other than what is to be in it. The suffix decides
            about that, so that one file could get both in turn.
        OSError: As for :func:`mvlr_stack.outputs.check_output`.
    """
    for name in ('csv', 'json'):
        path = getattr(args, name)
        if path is not None and Path(path).suffix != f'.{name}':
            raise ValueError(f'--{name} {path} must be a .{name} file.')
        check_output(f'--{name}', path, args.overwrite)
