"""Measure, on the val set, the scale for scores of labels that were never trained."""

import argparse

from ..arguments import add_overwrite, at_least
from ..outputs import check_output

PROGRAM = 'mvlr_mm.cli.names'
EXAMPLES = (
    'mvlr names work_dirs/my_config',
    'mvlr names my_config.py --checkpoint epoch_30.pth --out names.safetensors',
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    add = parser.add_argument
    add('source', help='work dir of a training; or a config, with --checkpoint')
    add('--checkpoint', metavar='FILE', help='weights, in place of the best or last')
    add(
        '--out',
        metavar='FILE',
        help='.safetensors file (default: names.safetensors beside the checkpoint, '
        'where infer, demo and pack find it)',
    )
    add(
        '--pictures',
        type=at_least(0),
        default=0,
        help='keep so many pictures of the val set, as features, and standardise each '
        'new name over them (default: 0, neither)',
    )
    add('--device', help='such as cpu or cuda:1 (default: a GPU where there is one)')
    add_overwrite(parser)


def check(args: argparse.Namespace) -> None:
    """Check that the file may be written.

    Raises:
        OSError: As for :func:`mvlr_stack.outputs.check_output`.
        ValueError: It has another suffix.
    """
    if args.out is not None and not args.out.endswith('.safetensors'):
        raise ValueError(f'--out {args.out} must be a .safetensors file.')
    check_output('--out', args.out, args.overwrite)
