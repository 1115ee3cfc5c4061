"""Encoding many texts without keeping what the gradient needs."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

Encode = Callable[[Any, Tensor], Tensor]


class _Recomputed(torch.autograd.Function):
    """``torch.utils.checkpoint`` for several parts that share one input.

    With ``use_reentrant=False`` that builds a graph and drops what it saves. On a CPU
    the small nodes of the graph stay in the holes that large tensors leave, and glibc
    then finds no room for the next large one: the process grows by the whole tower
    with every part. Here the first pass builds no graph.
    """

    @staticmethod
    def forward(
        ctx: Any, prompt: Tensor, encode: Encode, parts: Sequence[Any]
    ) -> Tensor:
        """Encode every part and remember the prompt alone."""
        ctx.encode, ctx.parts = encode, parts
        ctx.device_type = prompt.device.type
        ctx.autocast = dict(
            dtype=torch.get_autocast_dtype(ctx.device_type),
            enabled=torch.is_autocast_enabled(ctx.device_type),
        )
        ctx.save_for_backward(prompt)
        return torch.cat([encode(part, prompt) for part in parts])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        """Encode one part after the other again, each with its gradient."""
        (prompt,) = ctx.saved_tensors
        total, begin = torch.zeros_like(prompt), 0
        for part in ctx.parts:
            leaf = prompt.detach().requires_grad_()
            with torch.enable_grad(), torch.autocast(ctx.device_type, **ctx.autocast):
                encoded = ctx.encode(part, leaf)
            end = begin + len(encoded)
            total += torch.autograd.grad(encoded, leaf, grad[begin:end])[0]
            begin = end
        return total, None, None


def encode_recomputed(encode: Encode, parts: Sequence[Any], prompt: Tensor) -> Tensor:
    """Encode parts of the texts; the backward holds the graph of one of them.

    Args:
        encode: Frozen; takes a part and the prompt, gives (texts of the part, D).
        parts: What the texts of each part are.
        prompt: Soft prompt, (L, W) or (C, L, W), which receives the gradient.

    Returns:
        The vectors of all parts in their order, (C, D).
    """
    return _Recomputed.apply(prompt, encode, parts)
