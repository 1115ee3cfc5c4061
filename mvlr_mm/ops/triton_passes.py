"""QMVL's passes in Triton: the convolution before the scan and the sum behind it.

Both passes of both blocks are one batch, in as many launches as one pass has.
"""

import functools
from typing import Any

import torch
from torch import Tensor

from .derivatives import refuse_forward_mode, refuse_second_gradient

# Rows and channels of a program.
_ROWS, _BLOCK = 16, 64
_HOW = 'int patches, str order'
_CONV = f'Tensor x, Tensor weight, Tensor bias, {_HOW}'
_MERGE = f'Tensor y, Tensor z, {_HOW}'
_SCHEMAS = {
    'conv_passes': f'({_CONV}) -> Tensor',
    'conv_passes_backward': f'(Tensor grad, {_CONV}) -> (Tensor, Tensor, Tensor)',
    'merge_passes': f'({_MERGE}) -> (Tensor, Tensor)',
    'merge_passes_backward': (
        f'(Tensor grad_visual, Tensor grad_labels, {_MERGE}) -> (Tensor, Tensor)'
    ),
}
for _name, _schema in _SCHEMAS.items():
    torch.library.define(f'mvlr_mm::{_name}', _schema)
_kernel = functools.partial(torch.library.impl, types=('cpu', 'cuda'))


def _passes(order: str) -> int:
    return 1 if order == 'F' else 2


def _options(order: str) -> dict[str, Any]:
    return dict(PASSES=_passes(order), ORDER=order, BT=_ROWS, BD=_BLOCK)


def _grid(sequences: int, rows: int, channels: int) -> tuple[int, int, int]:
    return sequences, -(-rows // _ROWS), -(-channels // _BLOCK)


def _with_strides(tokens: Tensor) -> tuple[Tensor, tuple[int, ...]]:
    """Return tokens whose channels lie together, and their other strides."""
    if tokens.stride(3) != 1:
        tokens = tokens.contiguous()
    return tokens, tokens.stride()[:3]


@_kernel('mvlr_mm::conv_passes')
def _conv(x: Tensor, weight: Tensor, bias: Tensor, patches: int, order: str) -> Tensor:
    from .triton_passes_kernels import conv_forward

    x, strides = _with_strides(x)
    _, images, rows, channels = x.shape
    passes = _passes(order)
    out = x.new_empty(2, passes, images, rows, channels)
    conv_forward[_grid(2 * passes * images, rows, channels)](
        *(x, weight.contiguous(), bias.contiguous(), out),
        *(images, rows, patches, channels, *strides),
        WIDTH=weight.shape[2],
        **_options(order),
    )
    return out


@_kernel('mvlr_mm::conv_passes_backward')
def _conv_backward(
    grad: Tensor, x: Tensor, weight: Tensor, bias: Tensor, patches: int, order: str
) -> tuple[Tensor, Tensor, Tensor]:
    from .triton_passes_kernels import conv_backward

    x, strides = _with_strides(x)
    _, images, rows, channels = x.shape
    passes, width = _passes(order), weight.shape[2]
    dx = x.new_empty(passes, *x.shape)
    grid = _grid(2 * passes * images, rows, channels)
    weights = x.new_empty(*grid[:2], channels, width + 1, dtype=torch.float32)
    conv_backward[grid](
        *(grad.contiguous(), x, weight.contiguous(), bias.contiguous(), dx, weights),
        *(images, rows, patches, channels, *strides),
        WIDTH=width,
        **_options(order),
    )
    sums = weights.view(2, -1, channels, width + 1).sum(1)
    # no gradient may be a view of another: torch.library asks that of an operator
    dweight = weight.new_empty(weight.shape).copy_(sums[:, :, :width])
    return dx.sum(0), dweight, bias.new_empty(bias.shape).copy_(sums[:, :, width])


@_kernel('mvlr_mm::merge_passes')
def _merge(y: Tensor, z: Tensor, patches: int, order: str) -> tuple[Tensor, Tensor]:
    from .triton_merge_kernels import merge_forward

    z, strides = _with_strides(z)
    _, images, rows, channels = z.shape
    visual = y.new_empty(images, patches, channels)
    labels = y.new_empty(images, rows - patches, channels)
    merge_forward[_grid(images, rows, channels)](
        *(y.contiguous(), z, visual, labels),
        *(images, rows, patches, channels, *strides),
        **_options(order),
    )
    return visual, labels


@_kernel('mvlr_mm::merge_passes_backward')
def _merge_backward(
    grad_visual: Tensor,
    grad_labels: Tensor,
    y: Tensor,
    z: Tensor,
    patches: int,
    order: str,
) -> tuple[Tensor, Tensor]:
    from .triton_merge_kernels import merge_backward

    z, strides = _with_strides(z)
    _, images, rows, channels = z.shape
    dy, dz = y.new_empty(y.shape), z.new_empty(z.shape)
    merge_backward[_grid(images, rows, channels)](
        *(grad_visual.contiguous(), grad_labels.contiguous(), y.contiguous(), z),
        *(dy, dz, images, rows, patches, channels, *strides),
        **_options(order),
    )
    return dy, dz


@torch.library.register_fake('mvlr_mm::conv_passes')
def _fake_conv(
    x: Tensor, weight: Tensor, bias: Tensor, patches: int, order: str
) -> Tensor:
    return x.new_empty(2, _passes(order), *x.shape[1:])


@torch.library.register_fake('mvlr_mm::merge_passes')
def _fake_merge(
    y: Tensor, z: Tensor, patches: int, order: str
) -> tuple[Tensor, Tensor]:
    _, images, rows, channels = z.shape
    labels = y.new_empty(images, rows - patches, channels)
    return y.new_empty(images, patches, channels), labels


def _differentiate(name: str, results: int) -> None:
    """Give an operator its backward, and that one its shapes and a refusal."""
    forward, backward = f'mvlr_mm::{name}', f'mvlr_mm::{name}_backward'

    def save(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        *tensors, ctx.patches, ctx.order = inputs
        ctx.save_for_backward(*tensors)

    def differentiate(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        operator = getattr(torch.ops.mvlr_mm, f'{name}_backward').default
        inputs = (*grads, *ctx.saved_tensors, ctx.patches, ctx.order)
        return *operator(*inputs), None, None

    def fake(*args: Any) -> tuple[Tensor, ...]:
        return tuple(t.new_empty(t.shape) for t in args[results:-2])

    torch.library.register_autograd(forward, differentiate, setup_context=save)
    torch.library.register_autograd(backward, refuse_second_gradient)
    torch.library.register_fake(backward, fake)


_differentiate('conv_passes', results=1)
_differentiate('merge_passes', results=2)


def conv_passes(
    x: Tensor, weight: Tensor, bias: Tensor, patches: int, order: str
) -> Tensor:
    """Order tokens for every pass and give ``silu(conv(x) + bias)``, causal as ever.

    Args:
        x: What each block has of patches and then labels, (2, B, R, D).
        weight: Of each block, a filter for every channel, (2, D, K).
        bias: (2, D).
        patches: How many of the R tokens are patches.
        order: Of the passes, as QMVL names it.

    Returns:
        (2, passes, B, R, D).
    """
    refuse_forward_mode(x, weight, bias)
    return torch.ops.mvlr_mm.conv_passes.default(x, weight, bias, patches, order)


def merge_passes(
    y: Tensor, z: Tensor, patches: int, order: str
) -> tuple[Tensor, Tensor]:
    """Keep of each block its latter part, put in order, summed and times ``silu(z)``.

    Args:
        y: The passes, (2, passes, B, R, D).
        z: The gates of patches and then labels, (2, B, R, D).
        patches: How many of the R tokens are patches.
        order: Of the passes, as QMVL names it.

    Returns:
        What block 1 has of patches, (B, patches, D), and block 0 of labels.
    """
    refuse_forward_mode(y, z)
    return torch.ops.mvlr_mm.merge_passes.default(y, z, patches, order)
