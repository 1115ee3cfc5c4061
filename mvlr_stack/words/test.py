"""Evaluate a checkpoint."""

import argparse
from pathlib import Path

from ..arguments import add_config, add_run_arguments, at_least, number
from ..outputs import check_output, check_output_folder
from ..project import settle_config

PROGRAM = 'mvlr_mm.cli.test'
EXAMPLES = (
    'mvlr test my_config.py work_dirs/my_config/epoch_30.pth',
    'mvlr test my_config.py epoch_30.pth --out results.npz   # then: mvlr eval',
    'mvlr test my_config.py epoch_30.pth --out numbers.json --out-item metrics',
    'mvlr test   # in the folder of a project: its best checkpoint',
)
# What --out may be called, by what it holds.
FILES = {
    'pred': ('.npz', '.pkl', '.pickle'),
    'metrics': ('.json', '.yaml', '.yml', '.pkl', '.pickle'),  # as mmengine.dump
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments, named as those of mmpretrain's ``tools/test.py``."""
    add_config(parser)
    parser.add_argument(
        'checkpoint',
        nargs='?',
        help='checkpoint file (default: the best of the work folder, or its last)',
    )
    parser.add_argument(
        '--out',
        metavar='FILE',
        help='write what --out-item says: predictions to .npz, which `mvlr eval` '
        'reads, or .pkl; metrics to .json, .yaml or .pkl',
    )
    parser.add_argument(
        '--out-item', choices=FILES, help='what --out holds (default: pred)'
    )
    parser.add_argument(
        '--show-dir', metavar='FOLDER', help='draw pictures with their predictions'
    )
    parser.add_argument('--show', action='store_true', help='show them in a window')
    parser.add_argument(
        '--interval', type=at_least(1), default=1, help='draw every n-th picture'
    )
    parser.add_argument(
        '--wait-time', type=number(lowest=0), default=2, help='seconds to show one'
    )
    parser.add_argument(
        '--tta',
        action='store_true',
        help="average over the config's `tta_pipeline`; without one, with the mirrored "
        'picture',
    )
    add_run_arguments(parser)


def check(args: argparse.Namespace) -> None:
    """Find the config; check what one argument says against another.

    Raises:
        FileNotFoundError: As for :func:`mvlr_stack.project.settle_config`.
        ValueError: ``--out`` and ``--out-item`` do not go together.
        OSError: As for :func:`mvlr_stack.outputs.check_output`.
    """
    if args.checkpoint is None and str(args.config).endswith('.pth'):
        args.config, args.checkpoint = None, args.config
    args.config = settle_config(args.config)
    if args.out_item and not args.out:
        raise ValueError(f'--out-item {args.out_item} needs --out, the file to write.')
    item = args.out_item or 'pred'
    if args.out and Path(args.out).suffix not in FILES[item]:
        what = {'pred': 'predictions go', 'metrics': 'metrics go'}[item]
        other = ' (metrics: add --out-item metrics)' if item == 'pred' else ''
        kinds = ', '.join(FILES[item])
        raise ValueError(f'--out {args.out}: {what} into a {kinds} file{other}.')
    check_output('--out', args.out, args.overwrite)
    if args.show_dir is not None:
        check_output_folder('--show-dir', args.show_dir, args.overwrite)
