"""Train a model from a config."""

import argparse

import torch
from mmengine.config import Config
from mmengine.registry import RUNNERS
from mmengine.runner import Runner

from .allocator import keep_freed_memory
from .config import check_checkpoint, complete_loaders, load_config
from .processes import join_processes, leave_processes


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


def run(args: argparse.Namespace) -> int:
    """Build everything, then train.

    Args:
        args: Of the command line.

    Returns:
        The exit status, 0.
    """
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
