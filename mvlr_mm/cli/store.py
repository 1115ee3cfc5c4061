"""What the commands that keep something of pictures share."""

import argparse
from pathlib import Path

from mmengine.config import Config

from mvlr_stack.cores import cores, quota


def settle_arguments(args: argparse.Namespace, cfg: Config) -> None:
    """Choose the folder and the number of processes, where they are not given.

    Args:
        args: Of the command; gets ``out`` and ``workers``.
        cfg: May name a work folder.
    """
    if args.out is None:
        work_dir = cfg.get('work_dir') or f'work_dirs/{Path(args.config).stem}'
        args.out = Path(work_dir, args.word)
    if args.workers is None:
        args.workers = max(1, int(min(len(cores()), quota())))


def report(args: argparse.Namespace, made: int, more: str = '') -> None:
    """Say where what was made is, and how large.

    Args:
        args: Of the command.
        made: How much of it was made by this run.
        more: Of what it is.
    """
    size = sum(path.stat().st_size for path in args.out.glob('*.npy')) / 1e6
    said = f'{args.word}: {args.out} ({size:.0f} MB{more})'
    print(said if made else f'{said}, nothing was left to compute')
