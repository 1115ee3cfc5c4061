"""Positions of a grid's patches as sines and cosines."""

import math

import torch
from torch import Tensor


def sine_positions(
    grid: tuple[int, int], embed_dim: int, device: torch.device | None = None
) -> Tensor:
    """Return the positions of a grid in row-major order, (H * W, D) float32.

    DETR's encoding (Carion et al. 2020), normalised: rows and columns, counted from 1,
    are brought to (0, 2 pi], so that pictures of another size have positions of the
    same range. The first half of the width encodes the row, the second the column;
    within each, sines and cosines alternate, of wavelengths that rise to 10000.

    Args:
        grid: (H, W).
        embed_dim: Width D.
        device: Of the result.

    Raises:
        ValueError: 4 does not divide ``embed_dim``.
    """
    if embed_dim % 4:
        raise ValueError(f'embed_dim ({embed_dim}) must be divisible by 4.')
    half = embed_dim // 2
    exponents = torch.arange(0, half, 2, device=device) / half
    parts = []
    for count in grid:
        steps = torch.arange(1, count + 1, device=device) * (2 * math.pi / count)
        angles = steps[:, None] / 10000**exponents
        parts.append(torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1))
    rows, columns = parts
    rows = rows[:, None].expand(*grid, half)
    columns = columns.expand(*grid, half)
    return torch.cat([rows, columns], dim=2).flatten(0, 1)
