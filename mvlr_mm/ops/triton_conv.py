"""The causal convolution with its SiLU in Triton: one launch, and one for gradients."""

import torch
from torch import Tensor

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
