"""Finding out whether a kernel that is there can be trusted."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor

from .reference import selective_scan_ref

# Generous for float32; a kernel that miscomputes is wrong by far more.
_TOLERANCE = 1e-3


@torch.inference_mode(False)  # a first call may come from within
def check_kernel(name: str, scan: Callable[..., Tensor], device: str) -> str | None:
    """Call a scan once and compare it with the reference.

    An import tells nothing: versions exist that import without their kernel, and
    kernels that run on a new GPU and give wrong numbers.

    Args:
        name: What to call it in the answer.
        scan: Has the signature of ``selective_scan_ref``.
        device: Where to run the small example.

    Returns:
        None if value and gradient are right, else what is wrong.
    """
    generator = torch.Generator('cpu').manual_seed(0)

    def draw(*shape: int) -> Tensor:
        return draw_normal(generator, *shape).to(device)

    u = draw(1, 8, 5).requires_grad_()
    others = (draw(1, 8, 5), -draw(8, 4).exp(), draw(1, 4, 5), draw(1, 4, 5), draw(8))
    options = {'z': draw(1, 8, 5), 'delta_bias': draw(8), 'delta_softplus': True}

    def value_and_gradient(scan: Callable[..., Tensor]) -> Tensor:
        y = scan(u, *others, **options)
        return torch.stack([y, torch.autograd.grad(y.square().sum(), u)[0]])

    return find_difference(
        name,
        lambda: value_and_gradient(scan),
        lambda: value_and_gradient(selective_scan_ref),
    )


def draw_normal(generator: torch.Generator, *shape: int) -> Tensor:
    """Draw in float32 on the CPU, whatever torch's defaults are.

    Args:
        generator: Of the CPU.
        *shape: What to draw.
    """
    return torch.randn(shape, generator=generator, dtype=torch.float32, device='cpu')


def no_autocast(device: str) -> AbstractContextManager:
    """Compute as the tensors are, whatever is around.

    Args:
        device: A torch device type, such as 'cpu' or 'cuda'.
    """
    # Only where it is on: torch.export would wrap the whole scan in the context.
    if torch.is_autocast_enabled(device):
        return torch.autocast(device, enabled=False)
    return nullcontext()


def find_difference(
    name: str, got: Callable[[], Tensor], expected: Callable[[], Tensor]
) -> str | None:
    """Return None if two functions give the same, else how they differ or fail.

    Args:
        name: What to call the first in the answer.
        got: Calls the kernel.
        expected: Calls the reference.
    """
    # The kernel may fail in any way: absent, built for another torch, no such GPU.
    try:
        with torch.enable_grad(), no_autocast('cpu'), no_autocast('cuda'):
            difference = (got() - expected()).abs().max().item()
    except Exception as error:
        return f'{type(error).__name__}: {error}'
    if not difference <= _TOLERANCE:
        return (
            f'{name} differs from the reference by {difference:.2g} on this device: it '
            'must not be used here.'
        )
    return None
