"""All passes of QMVL's two blocks as one batch, for a GPU: launches, not sums, cost.

Each token is normed and mapped once for each block; the kernels find the order of
a pass; the blocks' weights are laid side by side by one copy, so a map of both is one
product, and all passes are one scan.
"""

from operator import attrgetter

import torch
from torch import Tensor

from ...ops import (
    choose_backend,
    conv_passes,
    merge_passes,
    passes_work,
    selective_scan_triton,
)
from .mamba import MambaBlock

# What a block holds in the model's dtype, and what in float32; a tuple makes one map.
_CAST = (
    ('in_x.weight', 'in_z.weight'),
    ('x_proj.weight',),
    ('dt_proj.weight',),
    ('conv.weight',),
    ('conv.bias',),
)
_EXACT = (('A_log',), ('D',), ('dt_bias',))
_DTYPES = {torch.float32, torch.bfloat16, torch.float16}
_MAX_WIDTH = 8  # of the convolution's kernel


def join(block: MambaBlock, *tokens: Tensor) -> bool:
    """Whether the passes of this block and its like are to run as one batch.

    Where the scan is Triton's and its kernels work, in single or half precision.

    Args:
        block: One of the two.
        *tokens: The sequences.
    """
    dtypes = {block.in_x.weight.dtype, *(t.dtype for t in tokens)}
    return (
        choose_backend(tokens[0].device.type, block.scan_backend) == 'triton'
        and dtypes <= _DTYPES
        and block.conv.kernel_size[0] <= _MAX_WIDTH
        and not torch.jit.is_tracing()  # counting knows torch's operators
        and passes_work()
    )


def joint_passes(
    linguistic: MambaBlock,
    visual: MambaBlock,
    patches: Tensor,
    labels: Tensor,
    order: str,
) -> tuple[Tensor, Tensor]:
    """Give what :func:`~.two_passes.two_passes` gives for one block and the other.

    Args:
        linguistic: Reads patches and then labels, and keeps these.
        visual: Reads labels and then patches, and keeps these; of the same sizes.
        patches: (B, N, D).
        labels: (B, C, D).
        order: As in :class:`~mvlr_mm.models.necks.QMVL`.

    Returns:
        The patches, (B, N, D), and the labels, (B, C, D).
    """
    blocks = (linguistic, visual)
    maps, x_proj, dt_proj, conv, conv_bias = _stack(blocks, _CAST)
    A_log, D, dt_bias = (t.flatten(0, 1) for t in _stack(blocks, _EXACT))
    count, tokens = patches.shape[1], torch.cat([patches, labels], dim=1)
    batch, rows, _ = tokens.shape

    tokens = tokens.flatten(0, 1)
    normed = torch.stack([block.norm(tokens) for block in blocks])  # (2, B R, D)
    mapped = torch.bmm(normed, maps.mT).unflatten(1, (batch, rows))
    x, z = mapped.chunk(2, dim=-1)  # (2, B, R, inner)
    u = conv_passes(x, conv.squeeze(2), conv_bias, count, order)
    mixed = torch.bmm(u.flatten(1, 3), x_proj.mT)
    dt, B, C = mixed.split(linguistic.split, dim=-1)
    delta = torch.bmm(dt, dt_proj.mT)

    def sequences(t: Tensor) -> Tensor:
        """Bring (2, all steps of all passes, M) to (passes, M, R)."""
        return t.unflatten(1, (-1, rows)).flatten(0, 1).mT

    y = selective_scan_triton(
        u.flatten(0, 2).mT,
        sequences(delta),
        -A_log.exp(),
        sequences(B),
        sequences(C),
        D=D,
        delta_bias=dt_bias,
        delta_softplus=True,
    )
    y = y.mT.unflatten(0, u.shape[:3])
    kept = merge_passes(y, z, count, order)
    times = u.shape[1]  # each pass carries the residual
    return (
        torch.add(visual.out_proj(kept[0]), patches, alpha=times),
        torch.add(linguistic.out_proj(kept[1]), labels, alpha=times),
    )


def _stack(
    blocks: tuple[MambaBlock, ...], names: tuple[tuple[str, ...], ...]
) -> list[Tensor]:
    """Lay the blocks' weights side by side, (blocks, ...) for each tuple of names."""
    weights = [
        [attrgetter(name)(block) for block in blocks for name in group]
        for group in names
    ]
    flat = torch.cat([weight.flatten() for group in weights for weight in group])
    parts = flat.split([sum(w.numel() for w in group) for group in weights])
    return [
        part.view(len(blocks), -1, *group[0].shape[1:])
        for part, group in zip(parts, weights, strict=True)
    ]
