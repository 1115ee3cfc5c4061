"""Loading the C++ of the scan: what setup.py built, else the cache, else a build."""

import errno
import fcntl
import functools
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import torch

from .native_build import FOLDER, NAME, build, cache_directory, library_name

_NO_PLACE = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT}


def load_library() -> None:
    """Load the kernels: those that setup.py built, else from the cache, else build.

    Of processes that start together one builds and the others wait. A process that is
    killed meanwhile leaves nothing that stops or misleads the next one, and a library
    that cannot be loaded, as after a crash of the system, is built again.

    Raises:
        Exception: Whatever the compiler, ninja or the loader had to complain about.
    """
    directory = cache_directory()
    library = directory / f'{NAME}.so'
    if _load_one(FOLDER / f'{library_name()}.so', library):
        return
    directory.mkdir(parents=True, exist_ok=True)
    with _locked(directory / 'lock'):
        if not _load_one(library):
            build(library)


def _load_one(*libraries: Path) -> bool:
    """Load the first that is there and whole, and made for a system like this one."""
    for library in libraries:
        with suppress(OSError):
            torch.ops.load_library(str(library))
            return True
    return False


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock that the system takes back from a process that dies."""
    with path.open('w') as file:
        # Some network folders have no locks: then several build, each for itself.
        with suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


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
        fix = 'it needs ninja (`pip install ninja`) and a C++17 compiler (such as g++) '
        fix += 'on the PATH.'
        if isinstance(error, OSError) and error.errno in _NO_PLACE:
            fix = 'set TORCH_EXTENSIONS_DIR to a folder that it can be written into.'
        return f'the C++ scan could not be built ({reason}); {fix}'
    return None


def _load_first(name: str, *args: Any) -> Any:
    """Stand in for a kernel until the library is loaded, as after torch.export.load."""
    devices = {t.device.type for t in args if isinstance(t, torch.Tensor)}
    if devices != {'cpu'}:
        places = ' and '.join(map(repr, sorted(devices)))
        raise ValueError(
            f'mvlr_mm::{name} runs on the CPU, but its tensors are on {places}: move '
            'them, or export the model again there.'
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
