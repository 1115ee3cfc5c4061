"""Backends that have to work: a build that breaks where a compiler is must be seen."""

import importlib.util
import shutil
from collections.abc import Callable

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
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


@pytest.fixture
def assert_strides() -> Callable[..., None]:
    """Compare what a graph is promised with what a call gives; opcheck lets it pass."""

    def check(operator: Callable, *operands: object) -> None:
        given = operator(*operands)
        with FakeTensorMode() as mode:
            tensor = torch.Tensor
            promised = operator(
                *(mode.from_tensor(o) if isinstance(o, tensor) else o for o in operands)
            )
        assert [t.stride() for t in given] == [t.stride() for t in promised]

    return check
