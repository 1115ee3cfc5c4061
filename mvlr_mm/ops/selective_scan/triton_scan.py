"""The selective scan in Triton, for CUDA without mamba-ssm."""

import functools
from typing import Any

import torch
from torch import Tensor

from .kernel_check import check_kernel
from .reference import scan_dtype
from .scan_ops import define_scan, run_scan

# Channels of one program.
_BLOCK = 32

define_scan('scan_triton')


def _steps_first(t: Tensor | None, instead: Tensor) -> Tensor:
    """Bring (B, D, L) to (B, L, D); a kernel gets some tensor even where none is."""
    return instead if t is None else t.transpose(1, 2).contiguous()


def _as_laid_out(steps_first: Tensor, model: Tensor) -> Tensor:
    """Bring (B, L, D) back to the shape and the strides that the operator promises."""
    result, out = steps_first.transpose(1, 2), torch.empty_like(model)
    return result if result.stride() == out.stride() else out.copy_(result)


def _grid(u: Tensor, B: Tensor) -> tuple[int, int, int]:
    per_group = u.shape[1] // B.shape[1]
    return u.shape[0], B.shape[1], -(-per_group // _BLOCK)


def _sizes(u: Tensor, A: Tensor, B: Tensor, chunk: int) -> tuple[int, ...]:
    return u.shape[2], u.shape[1], u.shape[1] // B.shape[1], A.shape[1], chunk


def _power_of_two(states: int) -> int:
    return 1 << (states - 1).bit_length()


@torch.library.impl('mvlr_mm::scan_triton', ('cpu', 'cuda'))
def _forward(
    u: Tensor,
    delta: Tensor,
    A: Tensor,
    B: Tensor,
    C: Tensor,
    D: Tensor | None,
    z: Tensor | None,
    delta_bias: Tensor | None,
    initial_state: Tensor | None,
    delta_softplus: bool,
    chunk: int,
) -> tuple[Tensor, Tensor, Tensor]:
    from . import triton_kernels

    batch, channels, length = u.shape
    x = _steps_first(u, u)
    y = torch.empty_like(x)
    last = x.new_empty(batch, A.shape[1], channels)
    starts = x.new_empty(batch, -(-length // chunk), A.shape[1], channels)
    triton_kernels.scan_forward[_grid(u, B)](
        x,
        _steps_first(delta, x),
        A.contiguous(),
        B.transpose(2, 3).contiguous(),
        C.transpose(2, 3).contiguous(),
        x if D is None else D.contiguous(),
        _steps_first(z, x),
        x if delta_bias is None else delta_bias.contiguous(),
        _steps_first(initial_state, x),
        y,
        last,
        starts,
        *_sizes(u, A, B, chunk),
        HAS_D=D is not None,
        HAS_Z=z is not None,
        HAS_BIAS=delta_bias is not None,
        HAS_INITIAL=initial_state is not None,
        SOFTPLUS=delta_softplus,
        BD=_BLOCK,
        NP=_power_of_two(A.shape[1]),
        num_warps=1,
    )
    return _as_laid_out(y, u), last.transpose(1, 2), starts.transpose(2, 3)


@torch.library.impl('mvlr_mm::scan_triton_backward', ('cpu', 'cuda'))
def _backward(
    grad_y: Tensor,
    grad_last: Tensor,
    u: Tensor,
    delta: Tensor,
    A: Tensor,
    B: Tensor,
    C: Tensor,
    D: Tensor | None,
    z: Tensor | None,
    delta_bias: Tensor | None,
    starts: Tensor,
    delta_softplus: bool,
    chunk: int,
) -> tuple[Tensor, ...]:
    from . import triton_kernels

    grid, padded = _grid(u, B), _power_of_two(A.shape[1])
    x = _steps_first(u, u)
    batch, length, channels = x.shape
    du, ddelta, dz = torch.empty_like(x), torch.empty_like(x), torch.empty_like(x)
    per_image = x.new_empty(batch, A.shape[1], channels)
    dA, dstart = torch.empty_like(per_image), torch.empty_like(per_image)
    dD, dbias = x.new_empty(batch, channels), x.new_empty(batch, channels)
    dB = x.new_empty(grid[2], batch, B.shape[1], length, A.shape[1])
    dC = torch.empty_like(dB)
    triton_kernels.scan_backward[grid](
        _steps_first(grad_y, x),
        _steps_first(grad_last, x),
        x,
        _steps_first(delta, x),
        A.contiguous(),
        B.transpose(2, 3).contiguous(),
        C.transpose(2, 3).contiguous(),
        x if D is None else D.contiguous(),
        _steps_first(z, x),
        x if delta_bias is None else delta_bias.contiguous(),
        starts.transpose(2, 3).contiguous(),
        x.new_empty(grid[0] * grid[1] * grid[2], chunk, _BLOCK, padded),
        du,
        ddelta,
        dA,
        dB,
        dC,
        dD,
        dz,
        dbias,
        dstart,
        *_sizes(u, A, B, chunk),
        HAS_D=D is not None,
        HAS_Z=z is not None,
        HAS_BIAS=delta_bias is not None,
        SOFTPLUS=delta_softplus,
        BD=_BLOCK,
        NP=padded,
        num_warps=1,
    )
    return (
        _as_laid_out(du, u),
        _as_laid_out(ddelta, delta),
        dA.sum(0).T,
        dB.sum(0).transpose(2, 3).contiguous(),
        dC.sum(0).transpose(2, 3).contiguous(),
        dD.sum(0),
        x.new_empty(0) if z is None else _as_laid_out(dz, z),
        dbias.sum(0),
        dstart.transpose(1, 2),
    )


def supports_triton(
    u: Tensor, initial_state: Tensor | None, return_last_state: bool
) -> bool:
    """Whether the arithmetic is in float32, the only one of the kernels."""
    return scan_dtype(u) == torch.float32


@functools.cache
def find_triton_problem() -> str | None:
    """Return why the kernels cannot be used here, or None; checked once."""
    if not torch.cuda.is_available():
        return 'torch sees no CUDA device.'
    return check_kernel('the Triton kernel', selective_scan_triton, 'cuda')


def selective_scan_triton(*args: Any, **kwargs: Any) -> Tensor | tuple[Tensor, Tensor]:
    """Run the scan in Triton, differentiable once, the last state included.

    See :func:`~mvlr_mm.ops.selective_scan.selective_scan` for the arguments. As in
    plain torch, B or C of shape (D, N) are allowed but costly.
    """
    return run_scan(torch.ops.mvlr_mm.scan_triton.default, *args, **kwargs)
