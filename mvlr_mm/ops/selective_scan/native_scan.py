"""The selective scan in C++ on the CPU."""

import fcntl
import functools
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
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

_OPERATOR = 'scan_native'

define_scan(_OPERATOR)


def load_library() -> None:
    """Load the kernels: those that setup.py built, else from the cache, else build.

    Of processes that start together one builds and the others wait. A process that is
    killed meanwhile leaves nothing that stops or misleads the next one.

    Raises:
        Exception: Whatever the compiler, ninja or the loader had to complain about.
    """
    library = FOLDER / f'{library_name()}.so'
    if not library.is_file():
        directory = cache_directory()
        library = directory / f'{NAME}.so'
        if not library.is_file():
            directory.mkdir(parents=True, exist_ok=True)
            with _locked(directory / 'lock'):
                if not library.is_file():
                    build(library)
                    return
    torch.ops.load_library(str(library))


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock that the system takes back from a process that dies."""
    with path.open('w') as file:
        # Some network folders have no locks: then several build, each for itself.
        with suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def build(library: Path) -> None:
    """Compile in a folder apart, load, and put the library in its place in one step."""
    from torch.utils.cpp_extension import load

    with tempfile.TemporaryDirectory(dir=library.parent) as folder:
        load(
            NAME,
            [str(source) for source in SOURCES],
            extra_cflags=compile_flags(),
            extra_ldflags=['-fopenmp'],
            build_directory=folder,
            is_python_module=False,
        )
        os.replace(Path(folder) / library.name, library)


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


def load_first(name: str) -> None:
    """Let an operator of the library be called before the library is loaded.

    Args:
        name: Of the operator, which is defined already.
    """
    kernel = functools.partial(_load_first, name)
    torch.library.impl(f'mvlr_mm::{name}', 'CompositeExplicitAutograd', kernel)


load_first(_OPERATOR)
load_first(f'{_OPERATOR}_backward')


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
