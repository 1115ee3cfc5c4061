"""mamba-ssm's CUDA kernel behind the same function, if it works on this machine."""

import functools

import torch
from torch import Tensor

from .kernel_check import check_kernel


def selective_scan_mamba_ssm(
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
    """Call mamba-ssm's kernel, with the dtypes that it insists on.

    It takes no initial state and gives no gradient to the last one. See
    :func:`~mvlr_mm.ops.selective_scan.selective_scan` for the arguments.

    Raises:
        ValueError: ``initial_state`` is given.
    """
    from mamba_ssm.ops.selective_scan_interface import selective_scan_fn

    if initial_state is not None:
        raise ValueError(
            "backend 'mamba_ssm' takes no initial_state; use backend='torch' or leave "
            'the choice open with backend=None.'
        )

    def weight(t: Tensor | None) -> Tensor | None:
        return None if t is None else t.float()

    # B and C are weights for the kernel if they are constant, else inputs.
    B, C = (t.float() if t.dim() == 2 else t.to(u.dtype) for t in (B, C))
    return selective_scan_fn(
        u,
        delta.to(u.dtype),
        A.float(),
        B,
        C,
        D=weight(D),
        z=None if z is None else z.to(u.dtype),
        delta_bias=weight(delta_bias),
        delta_softplus=delta_softplus,
        return_last_state=return_last_state,
    )


def supports_mamba_ssm(
    u: Tensor, initial_state: Tensor | None, return_last_state: bool
) -> bool:
    """Whether the kernel does what is asked, gradients included."""
    wants_state_gradient = return_last_state and torch.is_grad_enabled()
    return (
        initial_state is None
        and len(u) > 0
        and not wants_state_gradient
        and u.dtype in (torch.float32, torch.float16, torch.bfloat16)
    )


@functools.cache
def find_mamba_ssm_problem() -> str | None:
    """Return why mamba-ssm's kernel cannot be used here, or None; checked once."""
    if not torch.cuda.is_available():
        return 'torch sees no CUDA device.'
    return check_kernel("mamba-ssm's kernel", selective_scan_mamba_ssm, 'cuda')
