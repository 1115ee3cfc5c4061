"""Train a model from a config."""

import argparse

import torch
from mmengine.config import Config
from mmengine.runner import EpochBasedTrainLoop, Runner, find_latest_checkpoint

from mvlr_mm.apis.work_dir import find_last_checkpoint
from mvlr_mm.engine import share_batch
from mvlr_stack.quiet import quiet_logger

from .config import (
    agreeing,
    check_checkpoint,
    check_weights,
    complete_loaders,
    load_config,
)
from .half import half_type
from .processes import alone_in, join_processes, leave_processes
from .replaced_training import (
    RemoveReplaced,
    check_config_place,
    checkpoints,
    goes_on,
)
from .runner import build_runner

PARTS = ('model', 'train_dataloader', 'train_cfg', 'optim_wrapper')  # of the config
_AT_LEAST_ONE = {
    'max_epochs': '`mvlr test` tests a model that is not trained',
    'max_iters': '`mvlr test` tests a model that is not trained',
    'val_interval': '--no-validate leaves validation out',
}


def use_amp(cfg: Config) -> None:
    """Train in half the bits, where that is faster; float16 needs loss scaling."""
    half = half_type()
    if half is None:
        return
    if not torch.cuda.is_available():
        cfg.optim_wrapper.type = 'AutocastOptimWrapper'
        return
    cfg.optim_wrapper.type = 'AmpOptimWrapper'
    cfg.optim_wrapper.setdefault('loss_scale', 'dynamic')
    cfg.optim_wrapper.setdefault('dtype', str(half).removeprefix('torch.'))


def merge_args(cfg: Config, args: argparse.Namespace) -> None:
    """Write what the command line says into the config."""
    if args.no_validate:
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    if args.amp:
        use_amp(cfg)
    if args.resume is not None:
        resume_from(cfg, args.resume)
    if args.auto_scale_lr:
        cfg.merge_from_dict({'auto_scale_lr.enable': True})
    if args.no_persistent_workers:
        for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
            if cfg.get(name) is not None:
                cfg[name].persistent_workers = False
    complete_loaders(cfg, args)
    check_weights(cfg, args)


def check_length(cfg: Config) -> None:
    """Refuse a training without a step, or with an epoch to validate after each 0.

    Raises:
        ValueError: A number of ``train_cfg`` that is read is 0 or less.
    """
    for name, fix in _AT_LEAST_ONE.items():
        value = cfg.train_cfg.get(name)
        read = name != 'val_interval' or cfg.get('val_dataloader') is not None
        if read and isinstance(value, (int, float)) and value <= 0:
            raise ValueError(f'train_cfg.{name} ({value}) must be at least 1; {fix}.')


def check_steps(runner: Runner) -> None:
    """Refuse data that make no batch: the weights of the start would be the result.

    Raises:
        ValueError: An epoch has no step.
    """
    loop = runner.train_loop
    loader = loop.dataloader
    if isinstance(loop, EpochBasedTrainLoop) and not len(loader):
        raise ValueError(
            f'an epoch has no step: there are {len(loader.dataset)} pictures, and '
            f'batches of {loader.batch_size} with drop_last={loader.drop_last}; take a '
            'smaller train_dataloader.batch_size, or drop_last=False.'
        )


def check_work_dir(cfg: Config, overwrite: bool) -> None:
    """Refuse to train over the checkpoints of another training.

    Args:
        cfg: With the work folder, and what to resume.
        overwrite: Whether they may be replaced.

    Raises:
        FileExistsError: The work folder holds checkpoints, and the training goes on
            from none of them.
    """
    if goes_on(cfg) or overwrite or not checkpoints(cfg.work_dir):
        return
    raise FileExistsError(
        f'the work folder {cfg.work_dir} holds the checkpoints of a training; go on '
        'with --resume, name another --work-dir, or add --overwrite to replace them.'
    )


def resume_from(cfg: Config, checkpoint: str) -> None:
    """Go on from a checkpoint, or from the newest of the work folder.

    Args:
        cfg: Where the folder has no checkpoint yet, its ``load_from`` starts the run.
        checkpoint: A path, or ``auto``.
    """
    if checkpoint == 'auto':
        checkpoint = find_last_checkpoint(cfg.work_dir)
        # a hook with an `out_dir` saves them elsewhere, and leaves the path here
        checkpoint = checkpoint or find_latest_checkpoint(cfg.work_dir)
    cfg.resume = checkpoint is not None
    if cfg.resume:
        cfg.load_from = str(checkpoint)


def add_hooks(cfg: Config) -> None:
    """Give configs with other default hooks those that hold their settings to account.

    Args:
        cfg: One that is None in ``default_hooks`` stays off.
    """
    hooks = cfg.get('default_hooks') or {}
    hooks.setdefault('check_metrics', dict(type='mmpretrain.CheckMetricNames'))
    hooks.setdefault('report_average', dict(type='mmpretrain.ReportAverage'))
    hooks.setdefault('resume_schedule', dict(type='mmpretrain.ResumeSchedule'))
    cfg.default_hooks = hooks


def build(args: argparse.Namespace) -> Runner:
    """Build everything that a training needs.

    Args:
        args: Of the command line.

    Returns:
        A runner that has read both data sets and is ready to train.
    """
    if args.resume not in (None, 'auto'):
        check_checkpoint('--resume', args.resume)
    cfg = load_config(args, PARTS)
    said = dict(args.cfg_options)
    if args.resume == 'auto':
        # of a run that can be started again as it is: what it begins with, if it does
        said.pop('load_from', None)
    with agreeing(cfg, said):
        merge_args(cfg, args)
    check_length(cfg)
    check_work_dir(cfg, args.overwrite)
    check_config_place(cfg)
    add_hooks(cfg)
    join_processes(cfg)
    runner = build_runner(cfg)
    if args.overwrite and not goes_on(cfg):
        runner.register_hook(RemoveReplaced(cfg))
    quiet_logger(runner.logger)
    share_batch(runner)
    # both data sets are read now, not after the first epoch
    _ = runner.train_loop, runner.val_loop
    check_steps(runner)
    return runner


def run(args: argparse.Namespace) -> int:
    """Build everything, then train.

    Args:
        args: Of the command line.

    Returns:
        The exit status, 0.
    """
    runner = build(args)
    with alone_in(runner.work_dir):
        runner.train()
    leave_processes()
    return 0
