"""Joining and leaving the processes that train or test together."""

import fcntl
import importlib
import logging
import multiprocessing
import os
import sys
from contextlib import suppress

import torch
from mmengine.config import Config


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
