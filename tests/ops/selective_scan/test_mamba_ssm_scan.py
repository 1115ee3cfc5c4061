import sys
from types import ModuleType

import pytest
import torch

from mvlr_mm.ops import selective_scan_ref
from mvlr_mm.ops.selective_scan.kernel_check import check_kernel
from mvlr_mm.ops.selective_scan.mamba_ssm_scan import (
    find_mamba_ssm_problem,
    selective_scan_mamba_ssm,
    supports_mamba_ssm,
)


@pytest.fixture
def install_kernel(monkeypatch):
    """Put a function in the place of mamba-ssm's."""

    def install(function):
        for name in ('mamba_ssm', 'mamba_ssm.ops'):
            monkeypatch.setitem(sys.modules, name, ModuleType(name))
        module = ModuleType('mamba_ssm.ops.selective_scan_interface')
        module.selective_scan_fn = function
        monkeypatch.setitem(sys.modules, module.__name__, module)

    return install


def check():
    return check_kernel("mamba-ssm's kernel", selective_scan_mamba_ssm, 'cpu')


def test_a_right_kernel_passes_the_check(install_kernel):
    install_kernel(selective_scan_ref)
    assert check() is None


@pytest.mark.parametrize('factor', [1.1, float('nan')])
def test_a_kernel_with_wrong_values_is_refused(install_kernel, factor):
    install_kernel(lambda *args, **kw: selective_scan_ref(*args, **kw) * factor)
    assert "mamba-ssm's kernel differs from the reference by" in check()


def test_a_kernel_with_wrong_gradients_is_refused(install_kernel):
    def loses_gradient(u, *args, **kwargs):
        return selective_scan_ref(u.detach(), *args, **kwargs) + 0 * u

    install_kernel(loses_gradient)
    assert "mamba-ssm's kernel differs from the reference by" in check()


def test_a_kernel_that_fails_when_called_is_reported(install_kernel):
    def fails(*args, **kwargs):
        raise RuntimeError('built without CUDA')

    install_kernel(fails)
    assert check() == 'RuntimeError: built without CUDA'


def test_a_missing_package_is_reported(monkeypatch):
    monkeypatch.setitem(sys.modules, 'mamba_ssm', None)
    assert 'mamba_ssm' in check()


def test_without_a_gpu_that_is_the_reason(monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    find_mamba_ssm_problem.cache_clear()
    assert find_mamba_ssm_problem() == 'torch sees no CUDA device.'
    find_mamba_ssm_problem.cache_clear()


def test_the_kernel_gets_the_dtypes_that_it_insists_on(install_kernel):
    seen = {}

    def record(u, delta, A, B, C, D, z, delta_bias, **options):
        seen.update(
            {k: v.dtype for k, v in locals().items() if isinstance(v, torch.Tensor)}
        )
        return u

    install_kernel(record)
    u = torch.ones(1, 4, 3, dtype=torch.bfloat16)
    half = torch.ones(4, dtype=torch.bfloat16)
    A = torch.ones(4, 2, dtype=torch.bfloat16)
    selective_scan_mamba_ssm(u, u.float(), A, torch.ones(1, 2, 3), A, half, u, half)
    weights, inputs = torch.float32, torch.bfloat16
    assert seen == {
        'u': inputs,
        'delta': inputs,
        'A': weights,
        'B': inputs,
        'C': weights,
        'D': weights,
        'z': inputs,
        'delta_bias': weights,
    }


def test_what_it_cannot_do():
    u = torch.ones(1, 4, 3)
    assert supports_mamba_ssm(u, None, False)
    assert not supports_mamba_ssm(u, torch.ones(1, 4, 2), False)
    assert not supports_mamba_ssm(u.double(), None, False)
    assert not supports_mamba_ssm(u, None, True)
    with torch.no_grad():
        assert supports_mamba_ssm(u, None, True)
