"""Joining and leaving the processes that train or test together."""

import fcntl
import importlib
import logging
import multiprocessing
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.dist import is_main_process


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


@contextmanager
def alone_in(work_dir: str) -> Iterator[None]:
    """Let no two trainings write into a work folder, which is there.

    Each would replace and remove checkpoints of the other one. The lock is of this
    process alone: a training that is killed can be started again at once, while its
    loaders' processes still end.

    Args:
        work_dir: The folder.

    Raises:
        BlockingIOError: Another training is at work there.
    """
    if not is_main_process():
        yield
        return
    with open(Path(work_dir) / '.lock', 'w') as lock:
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):  # POSIX leaves open which
            raise BlockingIOError(
                f'the work folder {work_dir}: another training is at work there; wait '
                'for it, or name another --work-dir.'
            ) from None
        except OSError:  # some network file systems have no such lock
            pass
        yield


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
