"""The selective scan in plain torch with its own backward, for any device."""

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ..derivatives import refuse_forward_mode, refuse_second_gradient
from .reference import scan_dtype


def _run_chunk(
    u: Tensor, delta: Tensor, A: Tensor, B: Tensor, state: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the decays and the states of one chunk, both (K, B, G, D/G, N).

    Only the recurrence itself is a loop; everything else covers the chunk at once.
    """
    decay = (delta[..., None] * A).exp_()
    states = (delta * u)[..., None] * B[..., None, :]
    for t in range(len(states)):
        state = states[t].addcmul_(decay[t], state)
    return decay, states


@torch.library.custom_op('mvlr_mm::scan_torch', mutates_args=())
def _scan(
    u: Tensor,
    delta: Tensor,
    A: Tensor,
    B: Tensor,
    C: Tensor,
    initial_state: Tensor,
    chunk: int,
) -> tuple[Tensor, Tensor, Tensor]:
    """Run the bare recurrence, time first, with the channels split into G groups.

    Shapes: u, delta (L, B, G, D/G); A (G, D/G, N); B, C (L, B, G, N); states
    (B, G, D/G, N). Autograd would keep several (L, B, D, N) tensors. Here only the
    state before each chunk of steps is kept, and a chunk is computed again when its
    gradient is due; 0 steps stand for the whole sequence. Returns y, the last state and
    the kept ones.
    """
    chunk = chunk or len(u)
    y = torch.empty_like(u)
    state, starts = initial_state, []
    for begin in range(0, len(u), chunk):
        part = slice(begin, begin + chunk)
        starts.append(state)
        _, states = _run_chunk(u[part], delta[part], A, B[part], state)
        y[part] = (states @ C[part, ..., None]).squeeze(-1)
        state = states[-1].clone()  # a view would keep the whole chunk
    return y, state, torch.stack(starts)


@_scan.register_fake
def _(
    u: Tensor,
    delta: Tensor,
    A: Tensor,
    B: Tensor,
    C: Tensor,
    initial_state: Tensor,
    chunk: int,
) -> tuple[Tensor, Tensor, Tensor]:
    chunks = (u.shape[0] + chunk - 1) // chunk if chunk else 1
    start = initial_state.new_empty(initial_state.shape)
    return torch.empty_like(u), start, start.new_empty(chunks, *start.shape)


@torch.library.custom_op('mvlr_mm::scan_torch_backward', mutates_args=())
def _scan_backward(
    grad_y: Tensor,
    grad_state: Tensor,
    u: Tensor,
    delta: Tensor,
    A: Tensor,
    B: Tensor,
    C: Tensor,
    starts: Tensor,
    chunk: int,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Return the gradients of the inputs of the scan, in their order."""
    chunk = chunk or len(u)
    grad_u, grad_delta = torch.empty_like(u), torch.empty_like(delta)
    grad_A, grad_B, grad_C = map(torch.zeros_like, (A, B, C))
    # Autocast may be on around a backward, too, and would halve the products.
    with torch.autocast(u.device.type, enabled=False):
        for index in range(len(starts) - 1, -1, -1):
            start = starts[index]
            part = slice(index * chunk, (index + 1) * chunk)
            x, step, dy = u[part], delta[part], grad_y[part]
            decay, states = _run_chunk(x, step, A, B[part], start)

            # d loss / d state: from its own output, and from the next step.
            grad = dy[..., None] * C[part, ..., None, :]
            grad[-1] += grad_state
            for t in range(len(grad) - 2, -1, -1):
                grad[t].addcmul_(decay[t + 1], grad[t + 1])
            grad_state = decay[0] * grad[0]

            grad_C[part] = (dy[..., None, :] @ states).squeeze(-2)
            grad_B[part] = ((step * x)[..., None, :] @ grad).squeeze(-2)
            grad_input = (grad @ B[part, ..., None]).squeeze(-1)

            # d loss / d (delta A), built in the memory of the decays.
            decay[0] *= start
            decay[1:] *= states[:-1]
            decay *= grad
            grad_A += (decay * step[..., None]).sum(dim=(0, 1))
            grad_delta[part] = (decay * A).sum(dim=-1) + grad_input * x
            grad_u[part] = grad_input * step
    return grad_u, grad_delta, grad_A, grad_B, grad_C, grad_state


@_scan_backward.register_fake
def _(
    grad_y: Tensor,
    grad_state: Tensor,
    u: Tensor,
    delta: Tensor,
    A: Tensor,
    B: Tensor,
    C: Tensor,
    starts: Tensor,
    chunk: int,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    start = starts.new_empty(starts.shape[1:])
    return *map(torch.empty_like, (u, delta, A, B, C)), start


def _differentiate(
    ctx: Any, grad_y: Tensor | None, grad_state: Tensor | None, _: None
) -> tuple[Tensor | None, ...]:
    *inputs, starts = ctx.saved_tensors
    grad_y = torch.zeros_like(inputs[0]) if grad_y is None else grad_y
    grad_state = torch.zeros_like(starts[0]) if grad_state is None else grad_state
    gradients = _scan_backward(grad_y, grad_state, *inputs, starts, ctx.chunk)
    return *gradients, None


def _save_for_backward(
    ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor, Tensor]
) -> None:
    *tensors, _, ctx.chunk = inputs
    ctx.save_for_backward(*tensors, output[2])
    ctx.set_materialize_grads(False)  # the kept states never have one


_scan.register_autograd(_differentiate, setup_context=_save_for_backward)
_scan_backward.register_autograd(refuse_second_gradient)


def _grouped(matrix: Tensor, u: Tensor) -> Tensor:
    """Bring any allowed form of B or C to (L, B, G, N)."""
    if matrix.dim() == 2:  # (D, N): every channel is a group of its own
        return matrix.expand(u.shape[-1], u.shape[0], -1, -1)
    if matrix.dim() == 3:
        matrix = matrix[:, None]
    return matrix.permute(3, 0, 1, 2).contiguous()


def selective_scan_torch(
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
) -> Tensor | tuple[Tensor, Tensor]:
    """Run the scan chunk by chunk, differentiable once, the last state included.

    See :func:`~mvlr_mm.ops.selective_scan.selective_scan` for the arguments. B or C of
    shape (D, N) are allowed but costly: their gradient is built for every step first.
    """
    refuse_forward_mode(u, delta, A, B, C, D, z, delta_bias, initial_state)
    dtype = scan_dtype(u)
    x, step, A, B, C = (t.to(dtype) for t in (u, delta, A, B, C))
    if delta_bias is not None:
        step = step + delta_bias.to(dtype)[:, None]
    if delta_softplus:
        step = F.softplus(step)

    batch, channels, length = u.shape
    B, C = _grouped(B, u), _grouped(C, u)
    groups = math.lcm(B.shape[2], C.shape[2])
    B, C = (t.repeat_interleave(groups // t.shape[2], dim=2) for t in (B, C))
    by_group = (batch, groups, channels // groups)
    if initial_state is None:
        initial_state = x.new_zeros(batch, *A.shape)
    y, last_state, _ = _scan(
        *(t.permute(2, 0, 1).reshape(length, *by_group) for t in (x, step)),
        A.view(groups, channels // groups, -1),
        B,
        C,
        initial_state.to(dtype).reshape(*by_group, A.shape[1]),
        # about sqrt(L), or the whole sequence in a graph for sequences of any length
        0 if isinstance(length, torch.SymInt) else math.isqrt(length),
    )
    y = y.reshape(length, batch, channels).permute(1, 2, 0)

    if D is not None:
        y = y + D.to(dtype)[:, None] * x
    if z is not None:
        y = y * F.silu(z.to(dtype))
    y = y.to(u.dtype)
    return (y, last_state.reshape(batch, *A.shape)) if return_last_state else y
