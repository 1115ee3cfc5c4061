"""What `train` and `test` share: arguments, config, processes, errors."""

import argparse
import fcntl
import importlib
import logging
import multiprocessing
import os
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from pickle import UnpicklingError

import torch
from mmengine.config import Config, DictAction


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that training and testing both take, named as mmpretrain's."""
    parser.add_argument('--work-dir', help='folder for logs and results')
    parser.add_argument('--amp', action='store_true', help='mixed precision')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        help='settings of the config to override, key=value; a list is key="[a,b]"',
    )
    parser.add_argument('--no-pin-memory', action='store_true')
    parser.add_argument(
        '--launcher', choices=['none', 'pytorch', 'slurm', 'mpi'], default='none'
    )
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0)


def load_config(args: argparse.Namespace) -> Config:
    """Read ``args.config`` and set the launcher and the work folder.

    Raises:
        FileNotFoundError: If the config does not exist.
    """
    # mmengine reads the rank from here, also where a launcher passes an argument
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    cfg = Config.fromfile(args.config)
    cfg.launcher = args.launcher
    if args.work_dir is not None or cfg.get('work_dir') is None:
        cfg.work_dir = args.work_dir or f'./work_dirs/{Path(args.config).stem}'
    return cfg


def complete_loaders(cfg: Config, args: argparse.Namespace) -> None:
    """Give every loader the settings that depend on what the arguments say.

    Args:
        cfg: With all overrides merged: a loader without workers keeps none alive.
        args: Of the command.
    """
    for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        loader = cfg.get(name)
        if loader is None:
            continue
        loader.setdefault('collate_fn', dict(type='default_collate'))
        loader.setdefault('persistent_workers', loader.get('num_workers', 0) > 0)
        loader.setdefault('pin_memory', torch.cuda.is_available())
        if args.no_pin_memory:
            loader.pin_memory = False


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


def import_yapf_alone() -> None:
    """Import yapf while no other process of this machine does.

    mmengine writes configs to the log through yapf, which makes a cache file when it
    is first imported in an environment; a process that imports it at the same moment
    reads half a file and ends with an EOFError.
    """
    with open(__file__) as lock:
        with suppress(OSError):  # some network file systems have no such lock
            fcntl.flock(lock, fcntl.LOCK_EX)
        importlib.import_module('yapf')


def join_processes(cfg: Config) -> None:
    """Connect the processes of ``torchrun`` on a machine without a GPU.

    mmengine picks a CUDA device for every process and hands it on to the wrapper, so
    it can neither join nor wrap without CUDA; here gloo does, on the CPU.
    """
    if cfg.launcher != 'none':
        import_yapf_alone()
    if cfg.launcher != 'pytorch' or torch.cuda.is_available():
        return
    cfg.merge_from_dict({'env_cfg.dist_cfg.backend': 'gloo'})
    torch.distributed.init_process_group('gloo')
    cfg.model_wrapper_cfg = dict(
        type='MMDistributedDataParallel',
        device_ids=None,
        broadcast_buffers=False,
        find_unused_parameters=cfg.get('find_unused_parameters', False),
    )


def leave_processes() -> None:
    """Part from the other processes, once all have come here; with gloo, end this one.

    Where gloo's threads still run when the interpreter takes itself apart, the process
    is now and then aborted, whether the group was destroyed before or not, and the
    launcher then ends the others. Results are written and loggers closed by now, so the
    process ends without that.
    """
    if not torch.distributed.is_initialized():
        return
    torch.distributed.barrier()
    if torch.distributed.get_backend() != 'gloo':
        torch.distributed.destroy_process_group()
        return
    for worker in multiprocessing.active_children():
        worker.terminate()
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


@contextmanager
def plain_errors() -> Iterator[None]:
    """Say in one line what a person can mend: a wrong value, a missing file.

    Other errors keep their traceback, and so does whatever comes out of the model at
    work on a batch: there the way to the error tells more than its text.

    Raises:
        SystemExit: With status 2, instead of a ValueError, OSError or UnpicklingError.
    """
    try:
        yield
    except (OSError, UnpicklingError, ValueError) as error:
        frames = traceback.extract_tb(error.__traceback__)
        if any(frame.name == 'run_iter' for frame in frames):
            raise
        place = frames[-1]
        print(f'error: {error}', file=sys.stderr)
        print(f'(raised in {place.filename}, line {place.lineno})', file=sys.stderr)
        raise SystemExit(2) from None
