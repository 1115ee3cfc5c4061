"""The selective scan as one node of a graph: torch's higher-order ``scan``.

Other runtimes do not know the operators of this package, and a loop that a graph
unrolls has as many nodes as there are steps. torch.onnx makes ONNX ``Scan`` of this.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from .reference import scan_dtype


def supports_graph(
    u: Tensor, initial_state: Tensor | None, return_last_state: bool
) -> bool:
    """Whether a graph is being made; elsewhere there are faster ways."""
    return torch.compiler.is_compiling()


def selective_scan_graph(
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
    """Run the recurrence as a higher-order operator, for any length.

    See :func:`~mvlr_mm.ops.selective_scan.selective_scan` for the arguments.
    """
    from torch._higher_order_ops.scan import scan  # torch may move it

    dtype = scan_dtype(u)
    x, step, A, B, C = (t.to(dtype) for t in (u, delta, A, B, C))
    if delta_bias is not None:
        step = step + delta_bias.to(dtype)[:, None]
    if delta_softplus:
        step = F.softplus(step)
    if initial_state is None:
        initial_state = x.new_zeros(x.shape[0], *A.shape)

    def advance(state: Tensor, at: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
        x_t, step_t, B_t, C_t = at
        decay = (step_t[..., None] * A).exp()
        state = decay * state + _times((step_t * x_t)[..., None], B_t)
        return state, _times(state, C_t).sum(dim=-1)

    by_step = (
        x.permute(2, 0, 1),
        step.permute(2, 0, 1),
        _by_step(B, u),
        _by_step(C, u),
    )
    last, y = scan(advance, initial_state.to(dtype), by_step)
    y = y.permute(1, 2, 0)
    if D is not None:
        y = y + D.to(dtype)[:, None] * x
    if z is not None:
        y = y * F.silu(z.to(dtype))
    y = y.to(u.dtype)
    return (y, last) if return_last_state else y


def _by_step(matrix: Tensor, u: Tensor) -> Tensor:
    """Bring any allowed form of B or C to (L, B, G, 1, N)."""
    if matrix.dim() == 2:  # (D, N): every channel is a group of its own
        matrix = matrix[None, :, :, None].expand(u.shape[0], -1, -1, u.shape[2])
    elif matrix.dim() == 3:
        matrix = matrix[:, None]
    return matrix.permute(3, 0, 1, 2)[:, :, :, None]


def _times(by_channel: Tensor, by_group: Tensor) -> Tensor:
    """Multiply (B, D, 1 or N) by (B, G, 1, N), each channel by what its group has."""
    groups = by_group.shape[1]
    return (by_channel.unflatten(1, (groups, -1)) * by_group).flatten(1, 2)
