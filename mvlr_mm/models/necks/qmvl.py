"""QMVL: visual and linguistic tokens refine each other through Mamba (Eq. 11)."""

from mmengine.model import BaseModule
from mmpretrain.registry import MODELS

from ...argument_checks import check_choice
from ...structures import VLFeatures
from ..layers.joint_passes import join, joint_passes
from ..layers.mamba import MambaBlock
from ..layers.refined_parts import refined_parts
from ..layers.two_passes import ORDERS, two_passes
from ..layers.width_check import check_widths


@MODELS.register_module()
class QMVL(BaseModule):
    """Quadruplet Mamba-enhanced visual-linguistic block (section 3.4 of the paper).

    The linguistic block reads (X, T) and, in the default order, (X, inv T), keeps the
    label part of both, puts the second back in order and sums them to T^rf. The visual
    block does the same with (T, X) and (T, inv X) for X^rf.

    Both passes of a block are computed together, in the way that is faster with the
    scan at hand; see :func:`mvlr_mm.models.layers.two_passes.two_passes`. With the
    Triton scan both blocks are, too; see
    :func:`mvlr_mm.models.layers.joint_passes.joint_passes`.

    The sum is the paper's, and each pass carries the residual: with ``zero_init`` the
    stage starts as twice the identity (once with order 'F').

    Args:
        embed_dim: Width D of both modalities.
        order: Scanning order, table 5 of the paper: 'F' one pass forward; 'O-FB' also
            the whole sequence inverted; 'P-FB-S1' also with the former part inverted;
            'P-FB-S2' also with the latter part inverted.
        zero_init: Whether the blocks start as the identity.
        refine: ``both``, or ``visual`` or ``labels``, with the block of that one alone:
            a head that reads the patches only, such as :class:`VisualClassifierHead`,
            gives the linguistic block nothing to learn.
        state_dim: State size N of the state space models.
        conv_width: Steps that the convolution of a block sees.
        expand: Inner width of a block over ``embed_dim``.
        scan_backend: Name of a selective scan backend, or None for a choice by device.
        init_cfg: As in every mmengine module.

    Raises:
        ValueError: ``order`` or ``refine`` does not exist.
    """

    requires = ('labels',)
    provides = ('visual', 'labels')
    reads_order = True  # labels are a sequence, whose order it learns

    def __init__(
        self,
        embed_dim: int,
        order: str = 'P-FB-S2',
        zero_init: bool = True,
        state_dim: int = 16,
        conv_width: int = 4,
        expand: float = 1,
        scan_backend: str | None = None,
        refine: str = 'both',
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        check_choice('QMVL: order', order, ORDERS)
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
            if refined
            else None
            for refined in refined_parts('QMVL', refine)
        )

    def forward(self, feats: VLFeatures) -> VLFeatures:
        """Replace ``labels`` by T^rf, (B, C, D), and ``visual`` by X^rf, (B, N, D).

        Raises:
            ValueError: ``labels`` is missing, or a width differs from ``embed_dim``.
        """
        visual, labels = feats.visual, feats.batch_labels('QMVL')
        check_widths('QMVL', self.embed_dim, visual=visual, labels=labels)
        blocks = self.linguistic, self.visual
        if None not in blocks and join(blocks[0], visual, labels):
            visual, labels = joint_passes(*blocks, visual, labels, self.order)
            return feats._replace(visual=visual, labels=labels)
        refined = {}
        if self.linguistic is not None:
            refined['labels'] = two_passes(self.linguistic, visual, labels, self.order)
        if self.visual is not None:
            refined['visual'] = two_passes(self.visual, labels, visual, self.order)
        return feats._replace(**refined)
