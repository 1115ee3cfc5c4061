"""Evaluate a checkpoint."""

import argparse
from pathlib import Path

from ..arguments import add_run_arguments
from ..outputs import check_output, check_output_folder

PROGRAM = 'mvlr_mm.cli.test'
METRIC_FILES = ('.json', '.yaml', '.yml', '.pkl', '.pickle')  # as mmengine.dump


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments, named as those of mmpretrain's ``tools/test.py``."""
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument(
        '--out',
        help='file for the results: .npz, which `mvlr eval` reads, or .pkl; metrics: '
        '.json too',
    )
    parser.add_argument(
        '--out-item', choices=['metrics', 'pred'], help='what --out holds; pred'
    )
    parser.add_argument('--show-dir', help='folder for pictures with predictions')
    parser.add_argument('--show', action='store_true', help='show them in a window')
    parser.add_argument('--interval', type=int, default=1, help='draw every n-th')
    parser.add_argument('--wait-time', type=float, default=2, help='seconds to show')
    parser.add_argument('--tta', action='store_true', help='average with mirrored')
    add_run_arguments(parser)


def check(args: argparse.Namespace) -> None:
    """Check what one argument says against another.

    Raises:
        ValueError: ``--out`` and ``--out-item`` do not go together.
        OSError: As for :func:`mvlr_stack.outputs.check_output`.
    """
    if args.out_item and not args.out:
        raise ValueError(f'--out-item {args.out_item} needs --out, the file to write')
    if args.out_item == 'metrics' and Path(args.out).suffix not in METRIC_FILES:
        kinds = ', '.join(METRIC_FILES)
        raise ValueError(f'--out {args.out}: metrics go into a {kinds} file')
    check_output('--out', args.out, args.overwrite)
    if args.show_dir is not None:
        check_output_folder('--show-dir', args.show_dir, args.overwrite)
