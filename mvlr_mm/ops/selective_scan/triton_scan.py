"""The selective scan in Triton, for CUDA without mamba-ssm."""

import functools
import math
from typing import Any, NamedTuple

import torch
from torch import Tensor

from .kernel_check import check_kernel
from .reference import scan_dtype
from .scan_ops import define_scan, run_scan

# Channels of a program; steps that the loads run ahead; programs to which a sequence is
# divided where there are fewer. Measured on an H200.
_BLOCK, _STAGES, _PROGRAMS = 32, 3, 2048

define_scan('scan_triton', by_step=True)


class _Plan(NamedTuple):
    """How the work is divided among programs."""

    grid: tuple[int, int, int]
    grid_before_last: tuple[int, int, int]  # without the last walk of each sequence
    parts: int  # of a group's channels
    walks: int  # of a sequence
    sizes: tuple[int, ...]  # as the kernels take them
    options: dict[str, Any]


def _plan(u: Tensor, A: Tensor, B: Tensor, chunk: int) -> _Plan:
    # int(): while torch.jit traces, sizes are tensors
    return _planned(*map(int, (*u.shape, *A.shape, B.shape[1], chunk)), _PROGRAMS)


@functools.lru_cache(1024)  # a launch asks for little else of Python
def _planned(
    images: int,
    channels: int,
    length: int,
    weights: int,
    states: int,
    groups: int,
    chunk: int,
    programs: int,
) -> _Plan:
    per_group, padded = channels // groups, 1 << (states - 1).bit_length()
    parts, chunks = -(-per_group // _BLOCK), -(-length // chunk)
    # of no images, none of these programs is started
    span = -(-chunks // max(1, programs // max(1, images * groups * parts)))
    walks = -(-chunks // span)
    run = images * channels // weights  # images that share weights
    sizes = (length, channels, per_group, states, chunk, span, walks, run)
    even = states == padded and per_group % _BLOCK == 0
    options = dict(BD=_BLOCK, NP=padded, EVEN=even, STAGES=_STAGES, num_warps=1)
    grids = ((images, groups, parts * n) for n in (walks, walks - 1))
    return _Plan(*grids, parts, walks, sizes, options)


def _steps_first(t: Tensor | None, instead: Tensor) -> Tensor:
    """Bring (B, D, L) to (B, L, D); a kernel gets some tensor even where none is."""
    return instead if t is None else t.transpose(1, 2).contiguous()


def _as_laid_out(steps_first: Tensor, model: Tensor) -> Tensor:
    """Bring (B, L, D) back to the shape and the strides that the operator promises."""
    result = steps_first.transpose(1, 2)
    if result.stride() == model.stride():
        return result
    out = torch.empty_like(model)
    return result if result.stride() == out.stride() else out.copy_(result)


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
    from . import triton_forward

    chunk = chunk or u.shape[2]
    plan = _plan(u, A, B, chunk)
    batch, channels, length = u.shape
    x, step, A = _steps_first(u, u), _steps_first(delta, u), A.contiguous()
    bias = x if delta_bias is None else delta_bias.contiguous()
    options = dict(
        HAS_BIAS=delta_bias is not None, SOFTPLUS=delta_softplus, **plan.options
    )
    ends = x
    if plan.walks > 1:
        ends = A.new_empty(batch, plan.walks, A.shape[1] + 1, channels)
        triton_forward.scan_ends[plan.grid_before_last](
            *(x, step, A, B, bias, ends), *plan.sizes, *B.stride(), **options
        )
    y = torch.empty_like(x)
    last = A.new_empty(batch, A.shape[1], channels)
    starts = A.new_empty(batch, -(-length // chunk), A.shape[1], channels)
    triton_forward.scan_forward[plan.grid](
        *(x, step, A, B, C),
        x if D is None else D.contiguous(),
        _steps_first(z, x),
        bias,
        _steps_first(initial_state, x),
        *(ends, y, last, starts),
        *plan.sizes,
        *B.stride(),
        *C.stride(),
        HAS_D=D is not None,
        HAS_Z=z is not None,
        HAS_INITIAL=initial_state is not None,
        **options,
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
    from . import triton_backward

    chunk = chunk or u.shape[2]
    plan = _plan(u, A, B, chunk)
    x, step, A = _steps_first(u, u), _steps_first(delta, u), A.contiguous()
    dy, gate = _steps_first(grad_y, u), _steps_first(z, x)
    bias = x if delta_bias is None else delta_bias.contiguous()
    (batch, length, channels), states = x.shape, A.shape[1]
    options = dict(
        HAS_Z=z is not None,
        HAS_BIAS=delta_bias is not None,
        SOFTPLUS=delta_softplus,
        **plan.options,
    )
    ends = x
    if plan.walks > 1:
        ends = A.new_empty(batch, plan.walks, states + 1, channels)
        triton_backward.scan_slopes[plan.grid](
            *(dy, step, A, C, gate, bias, ends),
            *plan.sizes,
            *C.stride(),
            **options,
        )
    du, ddelta = torch.empty_like(x), torch.empty_like(step)
    dz = x.new_empty(0) if z is None else torch.empty_like(gate)
    dstart = A.new_empty(batch, states, channels)
    weights = A.new_empty(batch, plan.walks, states + 2, channels)
    matrices = A.new_empty(2, plan.parts, batch, B.shape[1], length, states)
    triton_backward.scan_backward[plan.grid](
        dy,
        _steps_first(grad_last, x),
        *(x, step, A, B, C),
        x if D is None else D.contiguous(),
        gate,
        bias,
        starts.transpose(2, 3).contiguous(),
        ends,
        A.new_empty(math.prod(plan.grid), chunk, options['NP'], _BLOCK),
        *(du, ddelta, dz, dstart, weights, matrices),
        *plan.sizes,
        *B.stride(),
        *C.stride(),
        HAS_D=D is not None,
        **options,
    )
    # no gradient may be a view of another: torch.library asks that of an operator
    sums = weights.view(len(A) // channels, -1, states + 2, channels).sum(1)
    dB, dC = (
        gradient.to(matrix.dtype, memory_format=torch.contiguous_format, copy=True)
        for gradient, matrix in zip(matrices.sum(1), (B, C), strict=True)
    )
    return (
        _as_laid_out(du, u),
        _as_laid_out(ddelta, delta),
        sums[:, :states].mT.reshape(A.shape).contiguous(),
        dB.mT,
        dC.mT,
        sums[:, states].clone().flatten(),
        dz if z is None else _as_laid_out(dz, z),
        sums[:, states + 1].clone().flatten(),
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
    operator = torch.ops.mvlr_mm.scan_triton.default
    return run_scan(operator, *args, **kwargs, widens=True)
