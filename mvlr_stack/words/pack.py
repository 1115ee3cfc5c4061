"""Make a folder to share of a trained model: weights and data, nothing that runs."""

import argparse

from ..arguments import add_overwrite
from ..outputs import check_output_folder

PROGRAM = 'mvlr_mm.cli.pack'
EXAMPLES = (
    'mvlr pack work_dirs/my_config --out my_model --licence CC-BY-4.0',
    'mvlr pack my_config.py --checkpoint epoch_30.pth --out my_model',
    'mvlr pack work_dirs/my_config --out my_model --metrics test.json --without-text',
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        'source', help='work dir of a training; or a config, with --checkpoint'
    )
    parser.add_argument('--checkpoint', metavar='FILE', help='weights, a .pth file')
    parser.add_argument('--out', required=True, metavar='FOLDER', help='the pack')
    parser.add_argument(
        '--thresholds',
        metavar='FILE',
        help='of `mvlr thresholds`, with temperatures if it has them (default: '
        'thresholds.json beside the checkpoint, if it is there)',
    )
    parser.add_argument(
        '--metrics',
        metavar='FILE',
        help='numbers to go with it: .json of `mvlr eval --json` or of `mvlr test '
        '--out-item metrics`',
    )
    parser.add_argument('--licence', metavar='TEXT', help='of the weights')
    parser.add_argument(
        '--without-text',
        action='store_true',
        help='leave the text tower out: smaller, but for its own labels alone',
    )
    parser.add_argument(
        '--onnx',
        action='store_true',
        help="add the model as ONNX, with the files that imgutils' multi-label reader "
        'loads; needs pip install "mvlr_mm[export]"',
    )
    add_overwrite(parser)


def check(args: argparse.Namespace) -> None:
    """Check that the pack may be written.

    Raises:
        OSError: As for :func:`mvlr_stack.outputs.check_output_folder`.
    """
    check_output_folder('--out', args.out, args.overwrite)
