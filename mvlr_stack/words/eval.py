"""Evaluate saved results again, under any protocol, without the model."""

import argparse

from ..arguments import add_overwrite
from ..outputs import check_output

PROGRAM = 'mvlr_mm.cli.eval'
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
        '--protocol', choices=PROTOCOLS, help='default: that of the test, or mlgcn'
    )
    fields = parser.add_argument_group('fields of the protocol to change')
    fields.add_argument('--ap', choices=AP_MODES, help='mode of average precision')
    fields.add_argument('--empty', choices=EMPTY, help='labels without positives')
    fields.add_argument('--family', choices=FAMILIES, help='of precision, recall, F1')
    fields.add_argument('--thr', type=float, help='threshold')
    fields.add_argument(
        '--must-exceed',
        '--strict',
        action=argparse.BooleanOptionalAction,
        help='a score has to lie above the threshold; or may equal it',
    )
    fields.add_argument('--topk', type=int, help='second group of numbers; 0: none')
    fields.add_argument(
        '--topk-thr',
        action=argparse.BooleanOptionalAction,
        help='that group needs the threshold as well; or not',
    )
    fields.add_argument('--unknown', choices=UNKNOWN, help='labels marked -1, in F1')
    fields.add_argument('--more', nargs='*', choices=MORE, help='further numbers')
    parser.add_argument('--classes', nargs='+', help='evaluate only these labels')
    parser.add_argument('--thresholds', help='file of `mvlr thresholds`')
    parser.add_argument(
        '--resamples', type=int, default=0, help='of the bootstrap interval; 0: none'
    )
    parser.add_argument('--seed', type=int, default=0, help='of the resamples')
    parser.add_argument(
        '--calibration',
        action='store_true',
        help='mean calibration error, ECE; and with the temperatures of --thresholds',
    )
    parser.add_argument('--csv', help='file for the table of the labels')
    parser.add_argument('--json', help='file for protocol, numbers and table')
    add_overwrite(parser)


def check(args: argparse.Namespace) -> None:
    """Check that the results may be written.

    Raises:
        OSError: As for :func:`mvlr_stack.outputs.check_output`.
    """
    check_output('--csv', args.csv, args.overwrite)
    check_output('--json', args.json, args.overwrite)
