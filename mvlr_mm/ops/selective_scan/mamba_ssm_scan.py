"""mamba-ssm's CUDA kernel behind the same function, if it works on this machine."""

import functools
from collections.abc import Callable

import torch
from torch import Tensor

from .reference import selective_scan_ref

# Generous for float32; a kernel that miscomputes is wrong by far more.
_TOLERANCE = 1e-3


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
        and not wants_state_gradient
        and u.dtype in (torch.float32, torch.float16, torch.bfloat16)
    )


def check_kernel(device: str) -> str | None:
    """Call the kernel once and compare it with the reference.

    An import tells nothing: versions exist that import without their kernel, and
    kernels that run on a new GPU and give wrong numbers.

    Args:
        device: Where to run the small example.

    Returns:
        None if value and gradient are right, else what is wrong.
    """
    generator = torch.Generator().manual_seed(0)

    def draw(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator).to(device)

    u = draw(1, 8, 5).requires_grad_()
    others = (draw(1, 8, 5), -draw(8, 4).exp(), draw(1, 4, 5), draw(1, 4, 5), draw(8))
    options = {'z': draw(1, 8, 5), 'delta_bias': draw(8), 'delta_softplus': True}

    def value_and_gradient(scan: Callable[..., Tensor]) -> Tensor:
        y = scan(u, *others, **options)
        return torch.stack([y, torch.autograd.grad(y.square().sum(), u)[0]])

    # The kernel may fail in any way: absent, built for another torch, no such GPU.
    try:
        with torch.enable_grad():
            got = value_and_gradient(selective_scan_mamba_ssm)
            expected = value_and_gradient(selective_scan_ref)
    except Exception as error:
        return f'{type(error).__name__}: {error}'
    difference = (got - expected).abs().max().item()
    if not difference <= _TOLERANCE:
        return (
            f"mamba-ssm's kernel differs from the reference by {difference:.2g} on "
            'this GPU: it must not be used here.'
        )
    return None


@functools.cache
def find_mamba_ssm_problem() -> str | None:
    """Return why mamba-ssm's kernel cannot be used here, or None; checked once."""
    if not torch.cuda.is_available():
        return 'torch sees no CUDA device.'
    return check_kernel('cuda')
