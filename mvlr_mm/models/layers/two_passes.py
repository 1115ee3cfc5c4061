"""Two passes of one Mamba block over (former, latter), of which the latter is kept."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from ...ops import prefers_short_scans
from .mamba import Carry, MambaBlock

# Figure 3 of the paper, a to d: one pass forward; also the whole inverted; also with
# the former part inverted; also with the latter part inverted.
ORDERS = ('F', 'O-FB', 'P-FB-S1', 'P-FB-S2')


def two_passes(block: MambaBlock, former: Tensor, latter: Tensor, order: str) -> Tensor:
    """Return the latter part after it has seen the former, once or twice.

    Where short scans are the faster ones (a CPU), nothing is done twice; elsewhere
    (a GPU, where a launch costs more) both passes are one batch of whole sequences.

    Args:
        block: Shared by both passes.
        former: (B, M, D).
        latter: (B, L, D).
        order: One of ``ORDERS``.

    Returns:
        The latter part of both passes, put back in order and summed, (B, L, D).
    """
    short = prefers_short_scans(latter.device.type, block.scan_backend)
    return (shared_passes if short else plain_passes)(block, former, latter, order)


def plain_passes(
    block: MambaBlock, former: Tensor, latter: Tensor, order: str
) -> Tensor:
    """Run the block over whole sequences, as Eq. 11 writes them.

    See :func:`two_passes` for arguments and result.
    """
    length = latter.shape[1]
    if order == 'F':
        return block(torch.cat([former, latter], dim=1))[:, -length:]
    if order == 'P-FB-S1':
        second = (former.flip(1), latter)
    elif order == 'P-FB-S2':
        second = (former, latter.flip(1))
    else:
        second = (latter.flip(1), former.flip(1))
    # Both passes share the weights, so they go through the block as one batch, which a
    # single copy makes: an image's two sequences lie side by side.
    both = torch.cat([former, latter, *second], dim=1).unflatten(1, (2, -1))
    first, second = block(both.flatten(0, 1)).unflatten(0, (-1, 2)).unbind(1)
    if order == 'O-FB':
        second = second[:, :length].flip(1)
    elif order == 'P-FB-S2':
        second = second[:, -length:].flip(1)
    return first[:, -length:] + second[:, -length:]


def shared_passes(
    block: MambaBlock, former: Tensor, latter: Tensor, order: str
) -> Tensor:
    """Give what :func:`plain_passes` gives, and compute nothing twice.

    Norm and maps act token by token, so each token passes them once, whatever the
    order. Where both passes begin with the same part, it is scanned once and both go on
    from its state. The gate is computed only where the output is kept, and the map
    out, which is linear, follows the sum.

    See :func:`two_passes` for arguments and result.
    """
    kept = block.norm(latter)
    x = block.in_x(kept).transpose(1, 2)  # (B, inner, L)
    before = block.in_x(block.norm(former)).transpose(1, 2)  # (B, inner, M)
    y = _SCANS[order](block, before, x)
    y = y.transpose(1, 2) * F.silu(block.in_z(kept))
    passes = 1 if order == 'F' else 2  # each carries the residual
    return passes * latter + block.out_proj(y)


def _both(first: Tensor, second: Tensor) -> Tensor:
    """Make one batch of two (B, inner, L), and keep neighbouring channels together."""
    return torch.cat([first.transpose(1, 2), second.transpose(1, 2)]).transpose(1, 2)


def _once(block: MambaBlock, before: Tensor, x: Tensor) -> Tensor:
    _, carry = block.steps(before)
    return block.steps(x, carry)[0]


def _whole(block: MambaBlock, before: Tensor, x: Tensor) -> Tensor:
    # in the inverted sequence the kept part comes first: what follows is not needed
    return _once(block, before, x) + block.steps(x.flip(2))[0].flip(2)


def _former(block: MambaBlock, before: Tensor, x: Tensor) -> Tensor:
    _, carry = block.steps(_both(before, before.flip(2)))
    first, second = block.steps(_both(x, x), carry)[0].unflatten(0, (2, -1))
    return first + second


def _latter(block: MambaBlock, before: Tensor, x: Tensor) -> Tensor:
    _, carry = block.steps(before)
    both = Carry(*(torch.cat([part, part]) for part in carry))
    first, second = block.steps(_both(x, x.flip(2)), both)[0].unflatten(0, (2, -1))
    return first + second.flip(2)


_SCANS: dict[str, Callable[[MambaBlock, Tensor, Tensor], Tensor]] = {
    'F': _once,
    'O-FB': _whole,
    'P-FB-S1': _former,
    'P-FB-S2': _latter,
}
