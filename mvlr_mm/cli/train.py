"""Train a model from a config."""

import argparse

import torch
from mmengine.config import Config
from mmengine.registry import RUNNERS
from mmengine.runner import Runner

from .allocator import keep_freed_memory
from .runtime import (
    add_arguments,
    check_checkpoint,
    complete_loaders,
    join_processes,
    leave_processes,
    load_config,
    plain_errors,
)


def parse_args(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line, named as mmpretrain's ``tools/train.py``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file')
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        help="go on from this checkpoint, or from the work folder's newest",
    )
    parser.add_argument('--no-validate', action='store_true')
    parser.add_argument(
        '--auto-scale-lr',
        action='store_true',
        help='scale the learning rate with the batch size',
    )
    parser.add_argument('--no-persistent-workers', action='store_true')
    add_arguments(parser)
    return parser.parse_args(argv)


def use_amp(cfg: Config) -> None:
    """Train in bfloat16; in float16 with loss scaling on a GPU without it."""
    if not torch.cuda.is_available():
        cfg.optim_wrapper.type = 'AutocastOptimWrapper'
        return
    cfg.optim_wrapper.type = 'AmpOptimWrapper'
    cfg.optim_wrapper.setdefault('loss_scale', 'dynamic')
    half = 'bfloat16' if torch.cuda.is_bf16_supported() else 'float16'
    cfg.optim_wrapper.setdefault('dtype', half)


def merge_args(cfg: Config, args: argparse.Namespace) -> None:
    """Write what the command line says into the config."""
    if args.no_validate:
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    if args.amp:
        use_amp(cfg)
    if args.resume is not None:
        cfg.resume = True
        cfg.load_from = None if args.resume == 'auto' else args.resume
    if args.auto_scale_lr:
        cfg.merge_from_dict({'auto_scale_lr.enable': True})
    if args.no_persistent_workers:
        for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
            if cfg.get(name) is not None:
                cfg[name].persistent_workers = False
    if args.cfg_options is not None:
        cfg.merge_from_dict(args.cfg_options)
    complete_loaders(cfg, args)


def main(argv: list[str] | None = None) -> int:
    """Build everything, then train.

    Returns:
        0; errors that a person can mend end the process with status 2.
    """
    args = parse_args(argv)
    with plain_errors():
        if args.resume not in (None, 'auto'):
            check_checkpoint('--resume', args.resume)
        cfg = load_config(args)
        if not torch.cuda.is_available():
            keep_freed_memory()
        merge_args(cfg, args)
        join_processes(cfg)
        runner = RUNNERS.build(cfg) if 'runner_type' in cfg else Runner.from_cfg(cfg)
        # both data sets are read now, not after the first epoch
        _ = runner.train_loop, runner.val_loop
        runner.train()
    leave_processes()
    return 0
