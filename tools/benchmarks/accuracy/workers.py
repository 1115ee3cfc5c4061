"""Processes that stay alive and do one run after another.

Imports take longer than a short run, so there is no process for each.
"""

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import active_children, connection, get_context, parent_process

from mvlr_stack.memory import keep_freed_memory


@contextmanager
def workers(
    jobs: int, prepare: Callable[[], object] = bool
) -> Iterator[ProcessPoolExecutor]:
    """Give a pool whose processes share the cores, unless OMP_NUM_THREADS is set.

    Where the block ends by an error or by Ctrl-C, runs are cut at once; they can be
    gone on with.

    Args:
        jobs: Processes.
        prepare: Called by each process before its first run.
    """
    if jobs > 1:  # they read it when they import torch
        threads = max(1, (os.cpu_count() or 1) // jobs)
        os.environ.setdefault('OMP_NUM_THREADS', str(threads))
    pool = ProcessPoolExecutor(jobs, get_context('spawn'), _begin, (prepare,))
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in active_children():
            process.terminate()
        raise
    pool.shutdown()


def _begin(prepare: Callable[[], object]) -> None:
    """Prepare a worker, and let it end when whoever started it does."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    keep_freed_memory()
    prepare()


def _end_with_parent() -> None:
    connection.wait([parent_process().sentinel])
    os._exit(1)
