"""QMVL: visual and linguistic tokens refine each other through Mamba (Eq. 11)."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from mmengine.model import BaseModule
from mmpretrain.registry import MODELS
from torch import Tensor

from ...structures import VLFeatures
from ..layers.mamba import MambaBlock
from ..layers.modalities import get_modalities


class _SecondPass(NamedTuple):
    """The second of the two passes over (former, latter)."""

    arrange: Callable[[Tensor, Tensor], Tensor]  # former, latter -> sequence
    keep: Callable[[Tensor, int], Tensor]  # output, length of latter -> latter in order


def _join(former: Tensor, latter: Tensor) -> Tensor:
    return torch.cat([former, latter], dim=1)


def _keep_latter(output: Tensor, length: int) -> Tensor:
    return output[:, -length:]


# Figure 3 of the paper, a to d.
_ORDERS = {
    'F': None,
    'O-FB': _SecondPass(
        lambda former, latter: _join(former, latter).flip(1),
        lambda output, length: output.flip(1)[:, -length:],
    ),
    'P-FB-S1': _SecondPass(
        lambda former, latter: _join(former.flip(1), latter), _keep_latter
    ),
    'P-FB-S2': _SecondPass(
        lambda former, latter: _join(former, latter.flip(1)),
        lambda output, length: output[:, -length:].flip(1),
    ),
}


@MODELS.register_module()
class QMVL(BaseModule):
    """Quadruplet Mamba-enhanced visual-linguistic block (section 3.4 of the paper).

    The linguistic block reads (X, T) and, in the default order, (X, inv T), keeps the
    label part of both, puts the second back in order and sums them to T^rf. The visual
    block does the same with (T, X) and (T, inv X) for X^rf.

    The sum is the paper's, and each pass carries the residual: with ``zero_init`` the
    stage starts as twice the identity (once with order 'F').

    Args:
        embed_dim: Width D of both modalities.
        order: Scanning order, table 5 of the paper: 'F' one pass forward; 'O-FB' also
            the whole sequence inverted; 'P-FB-S1' also with the former part inverted;
            'P-FB-S2' also with the latter part inverted.
        zero_init: Whether the blocks start as the identity.
        state_dim: State size N of the state space models.
        conv_width: Steps that the convolution of a block sees.
        expand: Inner width of a block over ``embed_dim``.
        scan_backend: Name of a selective scan backend, or None for a choice by device.
        init_cfg: As in every mmengine module.

    Raises:
        ValueError: ``order`` does not exist.
    """

    requires = ('labels',)

    def __init__(
        self,
        embed_dim: int,
        order: str = 'P-FB-S2',
        zero_init: bool = True,
        state_dim: int = 16,
        conv_width: int = 4,
        expand: float = 1,
        scan_backend: str | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if order not in _ORDERS:
            raise ValueError(
                f'QMVL: order {order!r} does not exist; choose one of '
                f'{", ".join(map(repr, _ORDERS))}.'
            )
        self.embed_dim = embed_dim
        self.order = order
        self.linguistic, self.visual = (
            MambaBlock(
                embed_dim,
                state_dim=state_dim,
                conv_width=conv_width,
                expand=expand,
                zero_init=zero_init,
                scan_backend=scan_backend,
            )
            for _ in range(2)
        )

    def forward(self, feats: VLFeatures) -> VLFeatures:
        """Replace ``labels`` by T^rf, (B, C, D), and ``visual`` by X^rf, (B, N, D).

        Raises:
            ValueError: ``labels`` is missing, or a width differs from ``embed_dim``.
        """
        visual, labels = get_modalities(feats, 'QMVL', self.embed_dim)
        return feats._replace(
            labels=self._refine(self.linguistic, visual, labels),
            visual=self._refine(self.visual, labels, visual),
        )

    def _refine(self, block: MambaBlock, former: Tensor, latter: Tensor) -> Tensor:
        """Return the latter part after it has seen the former."""
        length = latter.shape[1]
        forward, second = _join(former, latter), _ORDERS[self.order]
        if second is None:
            return _keep_latter(block(forward), length)
        # Both passes share the weights, so they go through the block as one batch.
        both = torch.cat([forward, second.arrange(former, latter)])
        first_output, second_output = block(both).chunk(2)
        return _keep_latter(first_output, length) + second.keep(second_output, length)
