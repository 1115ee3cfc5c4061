"""The selective scan in C++ on the CPU."""

import functools
import time
from typing import Any

import torch
from torch import Tensor

from .native_build import (
    FOLDER,
    NAME,
    SOURCES,
    cache_directory,
    compile_flags,
    library_name,
)
from .reference import scan_dtype
from .scan_ops import define_scan, run_scan

_STALE_LOCK_SECONDS = 600
_OPERATOR = 'scan_native'

define_scan(_OPERATOR)


def load_library() -> None:
    """Load the kernels: those that setup.py built, else from the cache, else build.

    Processes that start together wait for the first one.

    Raises:
        Exception: Whatever the compiler, ninja or the loader had to complain about.
    """
    built = FOLDER / f'{library_name()}.so'
    if built.is_file():
        torch.ops.load_library(str(built))
        return

    from torch.utils.cpp_extension import load

    directory = cache_directory()
    directory.mkdir(parents=True, exist_ok=True)
    # A process that was killed while it compiled leaves its lock: all would wait.
    lock = directory / 'lock'
    if lock.exists() and time.time() - lock.stat().st_mtime > _STALE_LOCK_SECONDS:
        lock.unlink(missing_ok=True)
    load(
        NAME,
        [str(source) for source in SOURCES],
        extra_cflags=compile_flags(),
        extra_ldflags=['-fopenmp'],
        build_directory=str(directory),
        is_python_module=False,
    )


@functools.cache
def find_native_problem() -> str | None:
    """Return why the kernels cannot be had here, or None; tried once."""
    try:
        load_library()
    # Building may fail in any way: no compiler, no ninja, no space, another torch's
    # headers.
    except Exception as error:
        lines = str(error).splitlines() or [type(error).__name__]
        reason = next((line for line in lines if 'error:' in line), lines[0])
        return (
            f'the C++ scan could not be built ({reason}); it needs ninja '
            '(`pip install ninja`) and a C++17 compiler (such as g++) on the PATH.'
        )
    return None


def _load_first(name: str, *args: Any) -> Any:
    """Stand in for a kernel until the library is loaded, as after torch.export.load."""
    if args[0].device.type != 'cpu':
        raise ValueError(
            f'mvlr_mm::{name} runs on the CPU, but its tensors are on '
            f"'{args[0].device.type}': move them, or export the model again there."
        )
    problem = find_native_problem()
    if problem:
        raise RuntimeError(f'mvlr_mm::{name} cannot run: {problem}')
    return getattr(torch.ops.mvlr_mm, name)(*args)  # the library's kernel goes first


for _name in (_OPERATOR, f'{_OPERATOR}_backward'):
    torch.library.impl(
        f'mvlr_mm::{_name}',
        'CompositeExplicitAutograd',
        functools.partial(_load_first, _name),
    )


def supports_native(
    u: Tensor, initial_state: Tensor | None, return_last_state: bool
) -> bool:
    """Whether the arithmetic is in float32, the only one that is written in C++."""
    return scan_dtype(u) == torch.float32


def selective_scan_native(*args: Any, **kwargs: Any) -> Tensor | tuple[Tensor, Tensor]:
    """Run the scan in C++, differentiable once, the last state included.

    See :func:`~mvlr_mm.ops.selective_scan.selective_scan` for the arguments. As in
    plain torch, B or C of shape (D, N) are allowed but costly.
    """
    return run_scan(torch.ops.mvlr_mm.scan_native.default, *args, **kwargs)
