"""Write a trained model as a file for other runtimes: ONNX, or torch.export's pt2.

The file takes pictures of any number and size (of one size where the trunk knows no
other) and gives a score for each label. Labels, thresholds and what is done to a
picture before lie in its metadata. What was written is run and compared with the model
before the file gets its name.
"""

import argparse
from pathlib import Path

from ..arguments import add_overwrite
from ..outputs import check_output

PROGRAM = 'mvlr_mm.cli.export'
EXAMPLES = (
    'mvlr export work_dirs/my_config --format onnx --out model.onnx',
    'mvlr export my_config.py --checkpoint best.pth --format pt2 --out model.pt2',
    'mvlr export work_dirs/my_config --int8 my_config.py --out model.int8.onnx',
)
FORMATS = ('onnx', 'pt2')  # names that `mvlr_mm.cli.export` gives a meaning to


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        'model', help='work dir of a training, folder of a pack, or a config'
    )
    parser.add_argument('--checkpoint', help='file of weights, which a config needs')
    parser.add_argument(
        '--format', choices=FORMATS, default='onnx', help='what to write'
    )
    parser.add_argument('--out', required=True, metavar='FILE', help='where to write')
    parser.add_argument(
        '--int8',
        metavar='CONFIG',
        help='ONNX with the image tower in 8 bits, calibrated on the val pictures of a '
        'config; refused where it loses more than a point of mAP on its test pictures',
    )
    add_overwrite(parser)


def check(args: argparse.Namespace) -> None:
    """Check that the file may be written.

    Raises:
        OSError: As for :func:`mvlr_stack.outputs.check_output`.
        ValueError: --int8 with another format than ONNX, or a file that is called as
            those of another format are.
    """
    suffix = Path(args.out).suffix.lower().lstrip('.')
    if suffix in FORMATS and suffix != args.format:
        raise ValueError(
            f'--out {args.out} with --format {args.format}: name the file '
            f'.{args.format}, or say --format {suffix}.'
        )
    check_output('--out', args.out, args.overwrite)
    if args.int8 is not None and args.format != 'onnx':
        raise ValueError(
            f'--int8 is for --format onnx, not {args.format}; leave one of them out.'
        )
