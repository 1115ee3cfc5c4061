"""Reading the config that a command is about."""

import argparse
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config

from mvlr_mm.config import read_config
from mvlr_mm.config.overrides import setting_at, ways_said


def load_config(args: argparse.Namespace, parts: Iterable[str] = ()) -> Config:
    """Read ``args.config`` and set the launcher and the work folder.

    Args:
        args: Of the command.
        parts: What the command needs of a config.

    Raises:
        FileNotFoundError: If the config does not exist.
        ValueError: It lacks a part; or as for :func:`~mvlr_mm.config.read_config` and
            :func:`agreeing`.
    """
    # mmengine reads the rank from here, also where a launcher passes an argument
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    cfg = read_config(args.config, args.cfg_options)
    missing = [name for name in parts if cfg.get(name) is None]
    if missing:
        raise ValueError(
            f'{args.config} has no {", ".join(missing)}, which `mvlr {args.word}` '
            'needs.'
        )
    with agreeing(cfg, args.cfg_options):
        if args.launcher != 'none' or 'launcher' not in args.cfg_options:
            cfg.launcher = args.launcher
        if args.work_dir is not None or cfg.get('work_dir') is None:
            cfg.work_dir = args.work_dir or f'./work_dirs/{Path(args.config).stem}'
        for key in ('features', 'cache'):
            if getattr(args, key) is not None:
                cfg[key] = getattr(args, key)
    return cfg


@contextmanager
def agreeing(cfg: Config, overrides: Mapping[str, Any]) -> Iterator[None]:
    """Let other arguments change a config, but nothing that is overridden.

    Args:
        cfg: With the overrides merged.
        overrides: Values by dotted keys.

    Raises:
        ValueError: An argument says another thing than an override.
    """
    ways = ways_said(cfg, overrides)
    before = [deepcopy(setting_at(cfg, way)) for way in ways]
    yield
    for way, value in zip(ways, before, strict=True):
        if setting_at(cfg, way) != value:
            raise ValueError(
                f'--cfg-options {".".join(way)}={value!r} and another argument '
                'contradict each other; leave one of them out.'
            )


def complete_loaders(cfg: Config, args: argparse.Namespace) -> None:
    """Give every loader the settings that depend on what the arguments say.

    Args:
        cfg: With all overrides merged: a loader without workers keeps none alive.
        args: Of the command.

    Raises:
        ValueError: A loader's number of workers is none.
    """
    for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        loader = cfg.get(name)
        if loader is None:
            continue
        workers = loader.get('num_workers', 0)
        if not isinstance(workers, int) or workers < 0:
            raise ValueError(
                f'{name}.num_workers ({workers!r}) must be a whole number of '
                'processes; 0 loads in the command itself.'
            )
        loader.setdefault('collate_fn', dict(type='default_collate'))
        loader.setdefault('persistent_workers', workers > 0)
        loader.setdefault('pin_memory', torch.cuda.is_available())
        if args.no_pin_memory:
            loader.pin_memory = False


def check_weights(cfg: Config, args: argparse.Namespace) -> None:
    """Let the runner refuse a checkpoint that does not fit, whatever the config.

    Args:
        cfg: Gets the hook :class:`mvlr_mm.engine.CheckWeights`, unless it has one, or
            None in its place.
        args: Of the command.
    """
    hooks = cfg.get('default_hooks') or {}
    hooks.setdefault('check_weights', {})
    cfg.default_hooks = hooks
    hook = cfg.default_hooks.check_weights
    if hook is not None:
        hook.setdefault('type', 'mmpretrain.CheckWeights')
        if args.allow:
            hook.allow = args.allow


def check_checkpoint(argument: str, path: str) -> None:
    """Stop at a checkpoint that is not there, before anything is built.

    Args:
        argument: The command's argument, for the message.
        path: A file, or an address, which is not checked.

    Raises:
        FileNotFoundError: If the file does not exist.
    """
    if '://' not in path and not Path(path).is_file():
        raise FileNotFoundError(
            f'{argument} {path}: no such file; give the path of a .pth checkpoint.'
        )
