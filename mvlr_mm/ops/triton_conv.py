"""The causal convolution with its SiLU in Triton: one launch, and one for gradients."""

import functools
import warnings
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from .selective_scan.kernel_check import draw_normal, find_difference

# Rows and channels of a program.
_ROWS, _BLOCK = 16, 64


def _grid(images: int, rows: int, channels: int) -> tuple[int, int, int]:
    return images, -(-rows // _ROWS), -(-channels // _BLOCK)


@torch.library.impl('mvlr_mm::conv_silu_triton', ('cpu', 'cuda'))
def _forward(x: Tensor, past: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    from .triton_conv_kernels import conv_forward

    (images, length, channels), width = x.shape, weight.shape[1]
    out = torch.empty_like(x)
    conv_forward[_grid(images, length, channels)](
        *(x, past, weight, bias, out, length, channels),
        WIDTH=width,
        HAS_PAST=past.shape[1] > 0,
        BT=_ROWS,
        BD=_BLOCK,
    )
    return out


@torch.library.impl('mvlr_mm::conv_silu_triton_backward', ('cpu', 'cuda'))
def _backward(
    grad: Tensor, x: Tensor, past: Tensor, weight: Tensor, bias: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    from .triton_conv_kernels import conv_backward

    (images, length, channels), width = x.shape, weight.shape[1]
    dx, dpast = torch.empty_like(x), torch.empty_like(past)
    grid = _grid(images, length + width - 1, channels)
    weights = x.new_empty(*grid[:2], channels, width + 1, dtype=torch.float32)
    conv_backward[grid](
        *(grad, x, past, weight, bias, dx, dpast, weights, length, channels),
        WIDTH=width,
        HAS_PAST=past.shape[1] > 0,
        BT=_ROWS,
        BD=_BLOCK,
    )
    sums = weights.sum((0, 1))
    # no gradient may be a view of another: torch.library asks that of an operator
    dweight = torch.empty_like(weight).copy_(sums[:, :width])
    return dx, dpast, dweight, torch.empty_like(bias).copy_(sums[:, width])


@torch.inference_mode(False)  # a first call may come from within
def check_conv(device: str) -> str | None:
    """Call the kernels once: None if value and gradients are right, else what is wrong.

    Args:
        device: Where to run the small example.
    """
    generator = torch.Generator('cpu').manual_seed(0)
    shapes = ((1, 5, 8), (1, 3, 8), (8, 4), (8,))
    inputs = [
        draw_normal(generator, *shape).to(device).requires_grad_() for shape in shapes
    ]

    def plain(x: Tensor, past: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        rows = torch.cat([past, x], dim=1).mT
        return F.silu(F.conv1d(rows, weight[:, None], bias, groups=8)).mT

    def run(conv: Callable[..., Tensor]) -> Tensor:
        y = conv(*inputs)
        parts = (y, *torch.autograd.grad(y.square().sum(), inputs))
        return torch.cat([part.flatten() for part in parts])

    operator = torch.ops.mvlr_mm.conv_silu_triton.default
    return find_difference(
        "Triton's convolution", lambda: run(operator), lambda: run(plain)
    )


@torch.compiler.assume_constant_result
@functools.cache
def conv_works() -> bool:
    """Whether the kernels can be trusted on this GPU; tried once, with a warning."""
    problem = check_conv('cuda')
    if problem:
        warnings.warn(
            f'The convolution of Mamba blocks runs in plain torch: {problem}',
            RuntimeWarning,
            stacklevel=2,
        )
    return problem is None
