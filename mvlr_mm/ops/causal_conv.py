"""The causal depthwise convolution of a Mamba block, with the SiLU that follows it."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from .derivatives import refuse_forward_mode, refuse_second_gradient
from .selective_scan.dispatch import works
from .selective_scan.native_load import load_first
from .triton_conv import conv_works

_MAX_WIDTH = 8  # of the kernels
# The backend of the scan that comes with a convolution for a device.
_BACKENDS = {'cpu': 'native', 'cuda': 'triton'}
_HALVES = {torch.bfloat16, torch.float16}
_INPUTS = 'Tensor x, Tensor past, Tensor weight, Tensor bias'


def _fake(x: Tensor, past: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return torch.empty_like(x)


def _fake_backward(grad: Tensor, *inputs: Tensor) -> tuple[Tensor, ...]:
    return tuple(map(torch.empty_like, inputs))


def _define(name: str) -> None:
    """Define ``mvlr_mm::name`` and its gradient, without a kernel.

    All tensors are contiguous: x and the result (B, L, D), past (B, K - 1, D), bias
    (D,), weight (K, D) for the C++ and (D, K) for Triton, where a past of no rows is
    one of zeros.
    """
    forward, backward = f'mvlr_mm::{name}', f'mvlr_mm::{name}_backward'
    torch.library.define(forward, f'({_INPUTS}) -> Tensor')
    torch.library.define(
        backward, f'(Tensor grad, {_INPUTS}) -> (Tensor, Tensor, Tensor, Tensor)'
    )
    torch.library.register_fake(forward, _fake)
    torch.library.register_fake(backward, _fake_backward)

    def differentiate(ctx: Any, grad: Tensor) -> tuple[Tensor, ...]:
        operator = getattr(torch.ops.mvlr_mm, f'{name}_backward').default
        return operator(grad.contiguous(), *ctx.saved_tensors)

    torch.library.register_autograd(
        forward,
        differentiate,
        setup_context=lambda ctx, inputs, output: ctx.save_for_backward(*inputs),
    )
    torch.library.register_autograd(backward, refuse_second_gradient)


_define('conv_silu')
_define('conv_silu_triton')
load_first('conv_silu')
load_first('conv_silu_backward')


def _check_shapes(x: Tensor, weight: Tensor, bias: Tensor, past: Tensor | None) -> None:
    """Compare the shapes: the kernels would read what lies beside a smaller tensor."""
    channels, width = x.shape[1], weight.shape[-1]
    for name, value, shape in (
        ('weight', weight, (channels, 1, width)),
        ('bias', bias, (channels,)),
        ('past', past, (x.shape[0], channels, width - 1)),
    ):
        if value is not None and tuple(value.shape) != shape:
            raise ValueError(
                f'causal_conv_silu: {name} is {tuple(value.shape)}, but must be '
                f'{shape} to fit x {tuple(x.shape)} and a filter of {width} steps.'
            )


def _works(kernel: str) -> bool:
    return works(kernel) and (kernel != 'triton' or conv_works())


def _run_native(x: Tensor, past: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    inputs = (t.float().contiguous() for t in (x, past, weight.T, bias))
    return torch.ops.mvlr_mm.conv_silu.default(*inputs)


def _run_triton(x: Tensor, past: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    inputs = (t.contiguous() for t in (x, past, weight, bias))
    return torch.ops.mvlr_mm.conv_silu_triton.default(*inputs)


def causal_conv_silu(
    x: Tensor,
    weight: Tensor,
    bias: Tensor,
    past: Tensor | None = None,
    backend: str | None = None,
) -> Tensor:
    """Let every step see itself and the steps before it: ``silu(conv(x) + bias)``.

    In C++ for float32 on the CPU and in Triton on a GPU, where that works and nothing
    else was asked for; else in plain torch. Both compute in float32, under autocast,
    too, as the scan does.

    Args:
        x: (B, D, L).
        weight: A filter for every channel, the newest step last, (D, 1, K).
        bias: (D,).
        past: The last inputs before ``x``, (B, D, K - 1); zeros if None.
        backend: Of the scan behind it: with any but ``native`` and ``triton`` in plain
            torch. None for a choice by device.

    Returns:
        (B, D, L); by the kernels with neighbouring channels together, and in float32 by
        the C++.

    Raises:
        ValueError: A shape does not fit.
    """
    _check_shapes(x, weight, bias, past)
    width = weight.shape[-1]
    device, allowed = x.device.type, {torch.float32}
    # Triton reads half precision as it is
    if device == 'cuda' or torch.is_autocast_enabled('cpu'):
        allowed |= _HALVES
    fits = (
        {t.dtype for t in (x, weight, bias, past) if t is not None} <= allowed
        and width <= _MAX_WIDTH
        and not torch.jit.is_tracing()  # counting knows torch's operators
    )
    kernel = _BACKENDS.get(device)
    if kernel and backend in (None, kernel) and fits and _works(kernel):
        refuse_forward_mode(x, past, weight, bias)
        run = _run_triton if device == 'cuda' else _run_native
        if past is None:  # Triton needs none, and a launch would make them
            rows = 0 if device == 'cuda' else width - 1
            past = x.new_zeros(x.shape[0], x.shape[1], rows)
        out = run(x.transpose(1, 2), past.transpose(1, 2), weight[:, 0], bias)
        return out.transpose(1, 2)
    if past is None:
        past = x.new_zeros(x.shape[0], x.shape[1], width - 1)
    x = torch.cat([past, x], dim=2)
    return F.silu(F.conv1d(x, weight, bias, groups=x.shape[1]))
