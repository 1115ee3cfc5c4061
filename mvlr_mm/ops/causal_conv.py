"""The causal depthwise convolution of a Mamba block, with the SiLU that follows it."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from .derivatives import refuse_forward_mode, refuse_second_gradient
from .selective_scan.dispatch import works
from .selective_scan.native_load import load_first

_MAX_WIDTH = 8  # of the C++
_HALVES = {torch.bfloat16, torch.float16}
_INPUTS = 'Tensor x, Tensor past, Tensor weight, Tensor bias'

torch.library.define('mvlr_mm::conv_silu', f'({_INPUTS}) -> Tensor')
torch.library.define(
    'mvlr_mm::conv_silu_backward',
    f'(Tensor grad, {_INPUTS}) -> (Tensor, Tensor, Tensor, Tensor)',
)


@torch.library.register_fake('mvlr_mm::conv_silu')
def _fake(x: Tensor, past: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return torch.empty_like(x)


@torch.library.register_fake('mvlr_mm::conv_silu_backward')
def _fake_backward(grad: Tensor, *inputs: Tensor) -> tuple[Tensor, ...]:
    return tuple(map(torch.empty_like, inputs))


def _differentiate(ctx: Any, grad: Tensor) -> tuple[Tensor, ...]:
    backward = torch.ops.mvlr_mm.conv_silu_backward.default
    return backward(grad.contiguous(), *ctx.saved_tensors)


torch.library.register_autograd(
    'mvlr_mm::conv_silu',
    _differentiate,
    setup_context=lambda ctx, inputs, output: ctx.save_for_backward(*inputs),
)
torch.library.register_autograd('mvlr_mm::conv_silu_backward', refuse_second_gradient)
load_first('conv_silu')
load_first('conv_silu_backward')


def causal_conv_silu(
    x: Tensor,
    weight: Tensor,
    bias: Tensor,
    past: Tensor | None = None,
    backend: str | None = None,
) -> Tensor:
    """Let every step see itself and the steps before it: ``silu(conv(x) + bias)``.

    In C++ for float32 on the CPU, where that works and nothing else was asked for; else
    in plain torch. Under autocast the C++ computes in float32, as the scan does.

    Args:
        x: (B, D, L).
        weight: A filter for every channel, the newest step last, (D, 1, K).
        bias: (D,).
        past: The last inputs before ``x``, (B, D, K - 1); zeros if None.
        backend: Of the scan behind it: with any but ``native`` in plain torch. None
            for a choice by device.

    Returns:
        (B, D, L); by the C++ with neighbouring channels together, and in float32.
    """
    width = weight.shape[-1]
    if past is None:
        past = x.new_zeros(x.shape[0], x.shape[1], width - 1)
    allowed = {torch.float32}
    if torch.is_autocast_enabled('cpu'):
        allowed |= _HALVES
    dtypes = {t.dtype for t in (x, weight, bias, past)}
    if (
        backend in (None, 'native')
        and x.device.type == 'cpu'
        and dtypes <= allowed
        and width <= _MAX_WIDTH
        and not torch.jit.is_tracing()  # counting knows torch's operators
        and works('native')
    ):
        refuse_forward_mode(x, past, weight, bias)
        out = torch.ops.mvlr_mm.conv_silu.default(
            x.float().transpose(1, 2).contiguous(),
            past.float().transpose(1, 2).contiguous(),
            weight[:, 0].float().T.contiguous(),
            bias.float().contiguous(),
        )
        return out.transpose(1, 2)
    x = torch.cat([past, x], dim=2)
    return F.silu(F.conv1d(x, weight, bias, groups=x.shape[1]))
