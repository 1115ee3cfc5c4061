"""Compute what the frozen backbone of a config gives for its pictures."""

import argparse

import torch

from mvlr_mm.config import read_config
from mvlr_mm.features import make_features
from mvlr_mm.features.index import read_index

from .store import report, settle_arguments


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
    settle_arguments(args, cfg)
    computed = make_features(
        cfg,
        args.out,
        args.views,
        seed=args.seed,
        batch_size=args.batch_size,
        workers=args.workers,
        overwrite=args.overwrite,
        device='cuda' if torch.cuda.is_available() else 'cpu',
    )
    report(args, computed, f', up to {read_index(args.out).stage}')
    return 0
