"""Threads for a machine that others use too, settled before torch is imported.

    python -m mvlr_stack.threads COMMAND ...    runs a command with them

torch's threads meet after every layer, and whoever comes first spins. Where other
processes hold a core, its thread comes late and the rest burns the time. So there are
no more threads than idle cores at the start, and they spin for a short while only:
docs/benchmarks/busy_machine.md. What a person has set stays.
"""

import os
import sys
from collections.abc import MutableMapping

from .cores import cores, idle_cores, quota

# Whoever sets one of these has chosen the number of threads, or how they wait.
THREADS = ('OMP_NUM_THREADS', 'MKL_NUM_THREADS', 'OMP_THREAD_LIMIT', 'OMP_DYNAMIC')
WAITING = ('OMP_WAIT_POLICY', 'GOMP_SPINCOUNT')
# One of several processes that a launcher started: it knows how many share a machine.
PROCESSES = ('WORLD_SIZE', 'SLURM_NTASKS', 'OMPI_COMM_WORLD_SIZE', 'PMI_SIZE')

SPINS = '30000'  # turns of GNU's OpenMP, which waits for 300,000 by itself


def settle_threads(environ: MutableMapping[str, str] = os.environ) -> None:
    """Set the number of threads and how long they spin, for torch to read.

    Nothing happens once torch is imported, which has read them, nor in one of several
    processes of a launcher. Processes started later inherit what was set here.

    Args:
        environ: Where to set them.
    """
    if 'torch' in sys.modules or _processes(environ) > 1:
        return
    if not _has(environ, WAITING):
        environ['GOMP_SPINCOUNT'] = SPINS
    if _has(environ, THREADS):
        return
    there = len(cores())
    threads = max(min(round(idle_cores()), int(min(there, quota()))), 1)
    if threads < there:
        environ['OMP_NUM_THREADS'] = str(threads)
        print(
            f'{threads} of {there} cores can be used now, the others are busy or not '
            f'for this process: OMP_NUM_THREADS={threads}. Set it to choose yourself.',
            file=sys.stderr,
        )


def _has(environ: MutableMapping[str, str], names: tuple[str, ...]) -> bool:
    return any(name in environ for name in names)


def _processes(environ: MutableMapping[str, str]) -> int:
    sizes = [environ[name] for name in PROCESSES if name in environ]
    return max([int(size) for size in sizes if size.isdigit()], default=1)


if __name__ == '__main__':
    settle_threads()
    os.execvp(sys.argv[1], sys.argv[1:])
