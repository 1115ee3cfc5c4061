"""The selective scan in plain torch with its own backward, for any device."""

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

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


class _Scan(torch.autograd.Function):
    """The bare recurrence, time first, with the channels split into G groups.

    Shapes: u, delta (L, B, G, D/G); A (G, D/G, N); B, C (L, B, G, N); states
    (B, G, D/G, N). Autograd would keep several (L, B, D, N) tensors. Here only the
    state before each chunk of about sqrt(L) steps is kept, and a chunk is computed
    again when its gradient is due.
    """

    @staticmethod
    def forward(
        ctx: Any,
        u: Tensor,
        delta: Tensor,
        A: Tensor,
        B: Tensor,
        C: Tensor,
        initial_state: Tensor,
    ) -> tuple[Tensor, Tensor]:
        ctx.chunk = math.isqrt(len(u))
        y = torch.empty_like(u)
        state, starts = initial_state, []
        for begin in range(0, len(u), ctx.chunk):
            part = slice(begin, begin + ctx.chunk)
            starts.append(state)
            _, states = _run_chunk(u[part], delta[part], A, B[part], state)
            y[part] = (states @ C[part, ..., None]).squeeze(-1)
            state = states[-1].clone()  # a view would keep the whole chunk
        ctx.save_for_backward(u, delta, A, B, C, *starts)
        return y, state

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, grad_y: Tensor, grad_state: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
        u, delta, A, B, C, *starts = ctx.saved_tensors
        grad_u, grad_delta = torch.empty_like(u), torch.empty_like(delta)
        grad_A, grad_B, grad_C = map(torch.zeros_like, (A, B, C))
        # Autocast may be on around a backward, too, and would halve the products.
        with torch.autocast(u.device.type, enabled=False):
            for index, start in reversed(list(enumerate(starts))):
                part = slice(index * ctx.chunk, (index + 1) * ctx.chunk)
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


def _grouped(matrix: Tensor, u: Tensor) -> Tensor:
    """Bring any allowed form of B or C to (L, B, G, N)."""
    if matrix.dim() == 2:  # (D, N): every channel is a group of its own
        return matrix.expand(u.shape[-1], len(u), -1, -1)
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
    y, last_state = _Scan.apply(
        *(t.permute(2, 0, 1).reshape(length, *by_group) for t in (x, step)),
        A.view(groups, channels // groups, -1),
        B,
        C,
        initial_state.to(dtype).reshape(*by_group, -1),
    )
    y = y.reshape(length, batch, channels).permute(1, 2, 0)

    if D is not None:
        y = y + D.to(dtype)[:, None] * x
    if z is not None:
        y = y * F.silu(z.to(dtype))
    y = y.to(u.dtype)
    return (y, last_state.reshape(batch, *A.shape)) if return_last_state else y
