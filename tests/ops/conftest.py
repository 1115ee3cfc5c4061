"""Backends that have to work: a build that breaks where a compiler is must be seen.

And Triton's interpreter, in which kernels run without a GPU.
"""

import importlib.util
import os
import shutil
from collections.abc import Callable

import pytest
import torch
from torch.utils import cpp_extension

from mvlr_mm.ops import available_backends


def _should_work(backend: str) -> bool:
    if backend == 'native':
        compiler = shutil.which(cpp_extension.get_cxx_compiler())
        return compiler is not None and cpp_extension.is_ninja_available()
    if backend == 'triton':
        return torch.cuda.is_available() and bool(importlib.util.find_spec('triton'))
    return backend != 'mamba_ssm'  # which others make


@pytest.fixture(scope='session')
def need() -> Callable[[str], None]:
    """Skip a test whose backend this machine cannot have, fail where it could."""

    def check(backend: str) -> None:
        problem = available_backends()[backend]
        if problem and _should_work(backend):
            pytest.fail(f'{backend}: {problem}')
        if problem:
            pytest.skip(problem)

    return check


@pytest.fixture
def built(need: Callable[[str], None]) -> None:
    """The C++ scan and convolution."""
    need('native')


class LikeInt(type):
    def __instancecheck__(cls, value):
        return isinstance(value, int)


class Int(int, metaclass=LikeInt):
    def __new__(cls, value):
        return int(value.item() if hasattr(value, 'item') else value)


@pytest.fixture(autouse=True)
def count_with_arrays(monkeypatch):
    """Triton 3.6's interpreter takes int() of arrays, which numpy 2.4 refuses."""
    if os.environ.get('TRITON_INTERPRET') == '1':
        from triton.runtime import interpreter

        monkeypatch.setattr(interpreter, 'int', Int, raising=False)
