"""The linear map in float32, by oneDNN where torch's own product is half as fast.

torch gives products of float32 matrices to MKL, which stays with AVX2 on a processor of
AMD; oneDNN, in the same torch, has kernels of AVX512 that run there. On a Zen 5 they
take 0.4 to 0.5 of the time. Rounding differs, nothing else.
"""

import functools
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd import forward_ad

from .selective_scan.kernel_check import find_difference

#: Set to 0 to leave oneDNN out.
SWITCH = 'MVLR_ONEDNN'

# Below so many multiply-adds, or rows, what a call costs is more than what it saves.
_LEAST_WORK, _LEAST_ROWS = 4_000_000, 16
_ZEN5 = 26  # first family of AMD whose AVX512 is wider than its AVX2 in hardware, too
_CPUINFO = Path('/proc/cpuinfo')

_left_out = False


@contextmanager
def without_onednn() -> Iterator[None]:
    """Leave every product to torch, as a measurement needs it to compare."""
    global _left_out
    before, _left_out = _left_out, True
    try:
        yield
    finally:
        _left_out = before


def uses_onednn() -> bool:
    """Whether large products in float32 on the CPU go through oneDNN in this process.

    A rule, not a measurement, so that two runs of one program round alike: an AMD of
    family 26 (Zen 5) or later with AVX512, torch's operator there and right. See
    :data:`SWITCH`, :func:`without_onednn` and ``torch.backends.mkldnn.flags``.
    """
    return not _left_out and torch._C._get_mkldnn_enabled() and _decided()


@functools.cache
def _decided() -> bool:
    return (
        os.environ.get(SWITCH) != '0'
        and _is_faster_here()
        and find_onednn_problem() is None
    )


def _is_faster_here() -> bool:
    """Whether this processor is one on which MKL leaves AVX512 unused."""
    if torch.backends.cpu.get_cpu_capability() != 'AVX512' or not _CPUINFO.exists():
        return False
    lines = (line.partition(':') for line in _CPUINFO.read_text().splitlines())
    known = {name.strip(): value.strip() for name, _, value in lines}
    family = known.get('cpu family', '')
    is_amd = known.get('vendor_id') == 'AuthenticAMD'
    return is_amd and family.isdecimal() and int(family) >= _ZEN5


@functools.cache
def find_onednn_problem() -> str | None:
    """Try torch's operator: None if it is there and right, else what is wrong."""
    if not torch.backends.mkldnn.is_available():
        return 'this torch is built without oneDNN.'
    x, weight, bias = (
        torch.linspace(-1, 1, size, dtype=torch.float32, device='cpu')
        for size in (20 * 9, 7 * 9, 7)
    )
    inputs = x.view(20, 9), weight.view(7, 9), bias
    with torch.autocast('cpu', enabled=False):
        return find_difference(
            'oneDNN', lambda: _operator(*inputs), lambda: F.linear(*inputs)
        )


def _operator(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Call the operator that torch.compile uses for a frozen ``nn.Linear``."""
    return torch.ops.mkldnn._linear_pointwise.default(x, weight, bias, 'none', [], '')


def _product(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    if not (weight.is_contiguous() or weight.t().is_contiguous()):
        weight = weight.contiguous()
    if bias is not None:
        bias = bias.contiguous()  # its strides are not read
    try:
        return _operator(x, weight, bias)
    except RuntimeError as error:
        global _left_out
        _left_out = True
        warnings.warn(
            f'oneDNN did not multiply {tuple(x.shape)} by {tuple(weight.shape)}, and '
            f"is left out from here on; torch's own product is slower: {error}",
            RuntimeWarning,
            stacklevel=2,
        )
        return F.linear(x, weight, bias)


class _Linear(torch.autograd.Function):
    """Both gradients are linear maps again, and so can be differentiated as well."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        for_x, for_weight, _ = ctx.needs_input_grad
        # a frozen weight's gradient, which needs x, is never asked for
        ctx.save_for_backward(x if for_weight else None, weight if for_x else None)
        return _product(x, weight, bias)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        return (
            None if weight is None else linear(grad, weight.t()),
            None if x is None else _weight_gradient(grad, x),
            grad.sum(0) if ctx.needs_input_grad[2] else None,
        )


def _weight_gradient(grad: Tensor, x: Tensor) -> Tensor:
    # the operator copies its transposed input, so that is the narrower one
    if grad.shape[1] <= x.shape[1]:
        return linear(grad.t(), x.t())
    return linear(x.t(), grad.t()).t()


def prefers_onednn(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> bool:
    """Whether :func:`linear` goes through oneDNN for these tensors.

    Not where another part of torch has to see the product: in graphs that are traced,
    compiled or exported, under autocast, torch.func's transforms, forward-mode
    derivatives and dispatch modes. Wrong shapes go to torch, which says what is wrong.

    Args:
        x: (..., I).
        weight: (O, I).
        bias: (O,), or None.
    """
    return (
        not (torch.compiler.is_compiling() or torch.jit.is_tracing())
        and all(map(_is_plain, (x, weight) if bias is None else (x, weight, bias)))
        and x.numel() * len(weight) >= _LEAST_WORK
        and x.numel() >= _LEAST_ROWS * x.shape[-1]
        and weight.shape[1:] == x.shape[-1:]
        and (bias is None or bias.shape == weight.shape[:1])
        and not torch.is_autocast_enabled('cpu')
        and not torch._C._len_torch_dispatch_stack()
        and not torch._C._are_functorch_transforms_active()
        and forward_ad._current_level < 0
        and uses_onednn()
    )


def _is_plain(tensor: Tensor) -> bool:
    return (
        type(tensor) in (Tensor, nn.Parameter)
        and tensor.dtype is torch.float32
        and tensor.device.type == 'cpu'
        and tensor.layout is torch.strided
    )


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``x weight^T + bias``, which is ``F.linear`` but for time and rounding.

    Args:
        x: (..., I).
        weight: (O, I).
        bias: (O,), or None.

    Returns:
        (..., O).
    """
    if not prefers_onednn(x, weight, bias):
        return F.linear(x, weight, bias)
    # reshaped out here: what a Function returns may not be a view that is changed
    # in place, as a ReLU does
    out = _Linear.apply(x.flatten(0, -2), weight, bias)
    return out if x.dim() == 2 else out.unflatten(0, x.shape[:-1])
