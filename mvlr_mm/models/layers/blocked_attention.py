"""Attention whose map is too large to be kept."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

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

    def attend(values: Tensor, *parts: Tensor | float) -> Tensor:
        mixed = 0
        for weight, q, k in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
            mixed = mixed + weight * (q @ k.transpose(-2, -1)).softmax(dim=-1)
        return mixed.to(values.dtype) @ values

    length = maps[0][1].shape[-2]
    blocks = []
    for begin in range(0, length, rows):
        parts = [
            part
            for weight, q, k in maps
            for part in (weight, q[..., begin : begin + rows, :], k)
        ]
        if torch.is_grad_enabled():
            blocks.append(checkpoint(attend, values, *parts, use_reentrant=False))
        else:
            blocks.append(attend(values, *parts))
    return torch.cat(blocks, dim=-2)
