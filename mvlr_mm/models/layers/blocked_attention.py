"""Attention whose map is too large to be kept."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

# A weight, queries (..., L, D) and keys (..., M, D): the map softmax(q k^T), weighted.
WeightedMap = tuple[Tensor | float, Tensor, Tensor]


def attend_in_blocks(maps: Sequence[WeightedMap], values: Tensor, rows: int) -> Tensor:
    """Return ``sum_i w_i softmax(q_i k_i^T) values``, some rows of the maps at a time.

    The same as with whole maps, but for rounding. For the gradient the rows are
    computed again: no map is kept.

    Args:
        maps: Those to be summed; leading axes broadcast.
        values: (..., M, D).
        rows: How many to build at a time.

    Returns:
        (..., L, D).
    """
    weights, queries, keys = zip(*maps, strict=True)
    # a number in float64 multiplies like a number: it changes no dtype
    weights = [
        w if isinstance(w, Tensor) else values.new_tensor(w, dtype=torch.float64)
        for w in weights
    ]
    return _InBlocks.apply(rows, values, *weights, *keys, *queries)


def _attend(
    values: Tensor,
    weights: Sequence[Tensor],
    keys: Sequence[Tensor],
    rows: list[Tensor],
) -> Tensor:
    mixed = 0
    for weight, k, q in zip(weights, keys, rows, strict=True):
        mixed = mixed + weight * (q @ k.transpose(-2, -1)).softmax(dim=-1)
    return mixed.to(values.dtype) @ values


class _InBlocks(torch.autograd.Function):
    """A checkpoint for every block, but all in memory that was set aside before.

    Between the large maps that come and go, many small results would hold on to the
    memory of each.
    """

    @staticmethod
    def forward(ctx: Any, rows: int, values: Tensor, *parts: Tensor) -> Tensor:
        device = values.device.type
        ctx.rows, ctx.count = rows, len(parts) // 3
        # without its cache, which would hand casts made here, without a gradient, on
        ctx.autocast = {
            'device_type': device,
            'dtype': torch.get_autocast_dtype(device),
            'enabled': torch.is_autocast_enabled(device),
            'cache_enabled': False,
        }
        ctx.save_for_backward(values, *parts)
        weights, keys, queries = _InBlocks._split(ctx, parts)
        shapes = [t.shape[:-2] for t in (values, *keys, *queries)]
        batch, length = torch.broadcast_shapes(*shapes), queries[0].shape[-2]
        out = values.new_empty(*batch, length, values.shape[-1])
        for begin in range(0, length, rows):
            part = slice(begin, begin + rows)
            block = [q[..., part, :] for q in queries]
            with torch.autocast(**ctx.autocast):
                out[..., part, :] = _attend(values, weights, keys, block)
        return out

    @staticmethod
    def _split(ctx: Any, parts: Sequence[Tensor]) -> tuple[Sequence[Tensor], ...]:
        n = ctx.count
        return parts[:n], parts[n : 2 * n], parts[2 * n :]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        tensors = [t.detach().requires_grad_() for t in ctx.saved_tensors]
        values, *parts = tensors
        weights, keys, queries = _InBlocks._split(ctx, parts)
        whole = [torch.zeros_like(t) for t in tensors]
        shared = whole[: len(whole) - ctx.count]
        for begin in range(0, queries[0].shape[-2], ctx.rows):
            part = slice(begin, begin + ctx.rows)
            block = [q.detach()[..., part, :].requires_grad_() for q in queries]
            with torch.enable_grad(), torch.autocast(**ctx.autocast):
                out = _attend(values, weights, keys, block)
            inputs = [values, *weights, *keys, *block]
            gradients = torch.autograd.grad(out, inputs, grad[..., part, :])
            for total, new in zip(shared, gradients, strict=False):
                total += new
            for total, new in zip(
                whole[len(shared) :], gradients[len(shared) :], strict=True
            ):
                total[..., part, :] = new
        return None, *whole
