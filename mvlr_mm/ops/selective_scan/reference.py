"""The selective scan in its most readable form, which every other form is held to."""

import torch
import torch.nn.functional as F
from torch import Tensor


def scan_dtype(u: Tensor) -> torch.dtype:
    """Return what the scan computes in: float64 if ``u`` has it, else float32."""
    return torch.float64 if u.dtype == torch.float64 else torch.float32


def _per_channel(matrix: Tensor, u: Tensor) -> Tensor:
    """Bring any allowed form of B or C to (B, D, N, L) by repeating it."""
    batch, channels, length = u.shape
    if matrix.dim() == 2:  # (D, N), the same for every image and step
        return matrix[None, :, :, None].expand(batch, -1, -1, length)
    if matrix.dim() == 3:  # (B, N, L), the same for every channel
        matrix = matrix[:, None]
    return matrix.repeat_interleave(channels // matrix.shape[1], dim=1)


def selective_scan_ref(
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
    """Run the recurrence step by step and let autograd follow.

    ``h_t = exp(delta_t A) h_(t-1) + delta_t B_t u_t`` and ``y_t = C_t h_t + D u_t``,
    gated by ``silu(z_t)``. See :func:`~mvlr_mm.ops.selective_scan.selective_scan` for
    the arguments.
    """
    dtype = scan_dtype(u)
    x, step, A, B, C = (t.to(dtype) for t in (u, delta, A, B, C))
    if delta_bias is not None:
        step = step + delta_bias.to(dtype)[:, None]
    if delta_softplus:
        step = F.softplus(step)
    B, C = _per_channel(B, u), _per_channel(C, u)  # (B, D, N, L)

    if initial_state is None:
        state = x.new_zeros(x.shape[0], *A.shape)  # (B, D, N)
    else:
        state = initial_state.to(dtype)
    outputs = []
    for t in range(x.shape[-1]):
        step_t = step[:, :, t, None]  # (B, D, 1)
        state = (step_t * A).exp() * state + step_t * B[..., t] * x[:, :, t, None]
        outputs.append((state * C[..., t]).sum(dim=-1))
    y = torch.stack(outputs, dim=-1)  # (B, D, L)

    if D is not None:
        y = y + D.to(dtype)[:, None] * x
    if z is not None:
        y = y * F.silu(z.to(dtype))
    y = y.to(u.dtype)
    return (y, state) if return_last_state else y
