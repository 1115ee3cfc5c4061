"""Compute what the frozen backbone of a config gives for its pictures."""

import argparse
from pathlib import Path

import torch

from mvlr_mm.config import read_config
from mvlr_mm.features import make_features
from mvlr_stack.cores import cores, quota

from .allocator import keep_freed_memory


def run(args: argparse.Namespace) -> int:
    """Compute what is not there yet.

    Args:
        args: Of the command line.

    Returns:
        The exit status, 0.
    """
    cfg = read_config(args.config, args.cfg_options)
    if cfg.get('model') is None:
        raise ValueError(f'{args.config} has no model.')
    folder = args.out
    if folder is None:
        work_dir = cfg.get('work_dir') or f'work_dirs/{Path(args.config).stem}'
        folder = Path(work_dir, 'features')
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    if device == 'cpu':
        keep_freed_memory()
    workers = args.workers
    if workers is None:
        workers = max(1, int(min(len(cores()), quota())))
    computed = make_features(
        cfg,
        folder,
        args.views,
        seed=args.seed,
        batch_size=args.batch_size,
        workers=workers,
        overwrite=args.overwrite,
        device=device,
    )
    size = sum(path.stat().st_size for path in folder.glob('*.npy')) / 1e6
    said = f'features: {folder} ({size:.0f} MB)'
    print(said if computed else f'{said}, nothing was left to compute')
    return 0
