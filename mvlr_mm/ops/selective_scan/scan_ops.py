"""The operators behind the fused scans: schema, shapes and gradient, for torch.library.

Every fused scan is a pair of operators, ``mvlr_mm::scan_x`` and its backward, with the
same schema. torch.compile and torch.export see an operator, never what is inside.
"""

import functools
import math
from typing import Any

import torch
from torch import Tensor

from ..derivatives import refuse_forward_mode, refuse_second_gradient

_LIBRARY = 'mvlr_mm'
_INPUTS = (
    'Tensor u, Tensor delta, Tensor A, Tensor B, Tensor C, Tensor? D, Tensor? z, '
    'Tensor? delta_bias, '
)
_FORWARD = (
    f'({_INPUTS}Tensor? initial_state, bool delta_softplus, int chunk) '
    '-> (Tensor, Tensor, Tensor)'
)
_BACKWARD = (
    f'(Tensor grad_y, Tensor grad_last, {_INPUTS}Tensor starts, bool delta_softplus, '
    f'int chunk) -> ({", ".join(["Tensor"] * 9)})'
)


def define_scan(name: str, by_step: bool = False) -> None:
    """Define ``mvlr_mm::name`` and ``mvlr_mm::name_backward``, without a kernel.

    The forward returns y (B, D, L), the last state (B, D, N), and the state before
    every chunk of steps (B, chunks, D, N), which is all that the backward needs; a
    chunk of 0 steps stands for the whole sequence. It takes what :func:`run_scan`
    prepares. The backward returns the gradients of the inputs in their order.

    In Triton A, D and the bias may have those of W blocks one after the other, A as
    (W D, N): the images are then W runs of one length, each scanned by its own.

    Args:
        name: Of the operator.
        by_step: Whether the backward lays out the gradients of B and C as (B, G, L, N).
    """
    forward, backward = f'{_LIBRARY}::{name}', f'{_LIBRARY}::{name}_backward'
    torch.library.define(forward, _FORWARD)
    torch.library.define(backward, _BACKWARD)
    torch.library.register_fake(forward, _fake_forward)
    torch.library.register_fake(
        backward, functools.partial(_fake_backward, by_step=by_step)
    )

    def differentiate(
        ctx: Any, grad_y: Tensor | None, grad_last: Tensor | None, _: None
    ) -> tuple[Tensor | None, ...]:
        *inputs, starts = ctx.saved_tensors
        u, A = inputs[0], inputs[2]
        if grad_y is None:
            grad_y = torch.zeros_like(u)
        if grad_last is None:
            grad_last = A.new_zeros(len(u), A.shape[1], u.shape[1]).transpose(1, 2)
        operator = getattr(getattr(torch.ops, _LIBRARY), f'{name}_backward').default
        options = (ctx.delta_softplus, ctx.chunk)
        *gradients, start = operator(grad_y, grad_last, *inputs, starts, *options)
        given = [
            gradient if value is not None else None
            for gradient, value in zip(gradients, inputs, strict=True)
        ]
        return *given, start if ctx.has_start else None, None, None

    torch.library.register_autograd(
        forward, differentiate, setup_context=_save_for_backward
    )
    torch.library.register_autograd(backward, refuse_second_gradient)


def _save_for_backward(
    ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor, Tensor]
) -> None:
    *tensors, initial_state, ctx.delta_softplus, ctx.chunk = inputs
    ctx.has_start = initial_state is not None
    ctx.save_for_backward(*tensors, output[2])
    ctx.set_materialize_grads(False)  # the states of the chunks never have one


def _fake_forward(
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
    batch, channels, length = u.shape
    chunks = (length + chunk - 1) // chunk if chunk else 1
    return (
        torch.empty_like(u),
        A.new_empty(batch, A.shape[1], channels).transpose(1, 2),
        A.new_empty(batch, chunks, A.shape[1], channels).transpose(2, 3),
    )


def _fake_backward(
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
    by_step: bool,
) -> tuple[Tensor, ...]:
    dB, dC = (
        t.new_empty(t.mT.shape).mT if by_step else t.new_empty(t.shape) for t in (B, C)
    )
    start = A.new_empty(u.shape[0], A.shape[1], u.shape[1]).transpose(1, 2)
    per_channel = A.new_empty(A.shape[0])
    return (
        torch.empty_like(u),
        torch.empty_like(delta),
        A.new_empty(A.shape),
        dB,
        dC,
        per_channel,
        u.new_empty(0) if z is None else torch.empty_like(z),
        torch.empty_like(per_channel),
        start,
    )


def choose_chunk(length: int) -> int:
    """Return how many steps share a stored state: about sqrt(L), by 16, from 32 on.

    With 32 steps and N = 16 the stored states take half the room of u. In a graph for
    sequences of any length it is 0, which stands for the whole sequence.
    """
    if isinstance(length, torch.SymInt):
        return 0
    return max(32, 16 * math.ceil(math.sqrt(length) / 16))


def _by_group(matrix: Tensor, u: Tensor) -> Tensor:
    """Bring any allowed form of B or C to (B, G, N, L), without a copy."""
    if matrix.dim() == 2:  # (D, N): every channel is a group of its own
        return matrix[None, :, :, None].expand(u.shape[0], -1, -1, u.shape[2])
    return matrix[:, None] if matrix.dim() == 3 else matrix


def run_scan(  # noqa: D417
    operator: Any,
    u: Tensor,
    delta: Tensor,
    A: Tensor,
    B: Tensor,
    C: Tensor,
    D: Tensor | None = None,
    z: Tensor | None = None,
    delta_bias: Tensor | None = None,
    delta_softplus: bool = False,
    return_last_state: bool = False,
    initial_state: Tensor | None = None,
    widens: bool = False,
) -> Tensor | tuple[Tensor, Tensor]:
    """Call an operator of :func:`define_scan` with mamba-ssm's arguments.

    Args:
        operator: ``torch.ops.mvlr_mm.scan_x``. For the others see
            :func:`~mvlr_mm.ops.selective_scan.selective_scan`.
        widens: Whether the operator itself takes u, delta, B, C and z from their dtype
            to float32; else they are cast before it.
    """
    refuse_forward_mode(u, delta, A, B, C, D, z, delta_bias, initial_state)
    B, C = _by_group(B, u), _by_group(C, u)
    groups = math.lcm(B.shape[1], C.shape[1])
    B, C = (
        t if t.shape[1] == groups else t.repeat_interleave(groups // t.shape[1], dim=1)
        for t in (B, C)
    )
    dtype, weights = u.dtype, (A, D, delta_bias, initial_state)
    A, D, delta_bias, initial_state = (t if t is None else t.float() for t in weights)
    if not widens:
        u, delta, B, C = (t.float() for t in (u, delta, B, C))
        z = None if z is None else z.float()
    y, last_state, _ = operator(
        *(u, delta, A, B, C, D, z, delta_bias, initial_state),
        delta_softplus,
        choose_chunk(u.shape[2]),
    )
    y = y.to(dtype)
    return (y, last_state) if return_last_state else y
