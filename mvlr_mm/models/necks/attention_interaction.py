"""Attention in the place of QMVL: the twins of table 6."""

from itertools import zip_longest

import torch
from mmengine.model import BaseModule
from mmpretrain.registry import MODELS
from torch import nn

from ...argument_checks import check_count
from ...structures import VLFeatures
from ..layers.refined_parts import refined_parts
from ..layers.transformer import TransformerBlock
from ..layers.width_check import check_widths


@MODELS.register_module()
class SelfAttentionInteraction(BaseModule):
    """Transformer encoder layers over the concatenation of X and T.

    The self-attention row of table 6 of the paper, which gives 1.75 G multiply-adds at
    448 px and 80 labels. The linear maps of two layers make 1.74 G.

    Args:
        embed_dim: Width D of both modalities.
        num_layers: Encoder layers.
        num_heads: Attention heads; must divide ``embed_dim``.
        mlp_ratio: Width inside the MLP over ``embed_dim``.
        zero_init: Whether the stage starts as the identity.
        init_cfg: As in every mmengine module.

    Raises:
        ValueError: ``num_layers`` is below 1, or ``mlp_ratio`` not above 0.
    """

    requires = ('labels',)
    provides = ('visual', 'labels')

    def __init__(
        self,
        embed_dim: int,
        num_layers: int = 2,
        num_heads: int = 8,
        mlp_ratio: float = 4,
        zero_init: bool = True,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        check_count('num_layers', num_layers)
        self.embed_dim = embed_dim
        self.layers = nn.ModuleList(
            TransformerBlock(embed_dim, num_heads, mlp_ratio, zero_init=zero_init)
            for _ in range(num_layers)
        )

    def forward(self, feats: VLFeatures) -> VLFeatures:
        """Replace ``labels``, (B, C, D), and ``visual``, (B, N, D), by refined ones.

        Raises:
            ValueError: ``labels`` is missing, or a width differs from ``embed_dim``.
        """
        visual, labels = feats.visual, feats.batch_labels('SelfAttentionInteraction')
        check_widths(
            'SelfAttentionInteraction', self.embed_dim, visual=visual, labels=labels
        )
        tokens = torch.cat([visual, labels], dim=1)
        for layer in self.layers:
            tokens = layer(tokens)
        patches = visual.shape[1]
        return feats._replace(visual=tokens[:, :patches], labels=tokens[:, patches:])


@MODELS.register_module()
class CrossAttentionInteraction(BaseModule):
    """Transformer decoder layers in which X and T attend to each other.

    The cross-attention row of table 6 of the paper, which gives 1.46 G multiply-adds
    and no structure. One decoder layer for each modality, with its own weights, makes
    1.16 G in its linear maps; both read the other as it was before the layer.

    Args:
        embed_dim: Width D of both modalities.
        num_layers: Decoder layers of each modality.
        num_heads: Attention heads; must divide ``embed_dim``.
        mlp_ratio: Width inside the MLP over ``embed_dim``.
        zero_init: Whether the stage starts as the identity.
        refine: ``both``, or ``visual`` or ``labels`` for that one alone; the other has
            no last layer then, which would have nothing to learn.
        init_cfg: As in every mmengine module.

    Raises:
        ValueError: ``refine`` is none of these, ``num_layers`` is below 1, or
            ``mlp_ratio`` is not above 0.
    """

    requires = ('labels',)
    provides = ('visual', 'labels')

    def __init__(
        self,
        embed_dim: int,
        num_layers: int = 1,
        num_heads: int = 8,
        mlp_ratio: float = 4,
        zero_init: bool = True,
        refine: str = 'both',
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        check_count('num_layers', num_layers)
        self.embed_dim = embed_dim
        self.linguistic, self.visual = (
            nn.ModuleList(
                TransformerBlock(embed_dim, num_heads, mlp_ratio, True, zero_init)
                for _ in range(num_layers - (not refined))
            )
            for refined in refined_parts('CrossAttentionInteraction', refine)
        )
        self.refine = refine

    def forward(self, feats: VLFeatures) -> VLFeatures:
        """Replace ``labels``, (B, C, D), and ``visual``, (B, N, D), by refined ones.

        Raises:
            ValueError: ``labels`` is missing, or a width differs from ``embed_dim``.
        """
        visual, labels = feats.visual, feats.batch_labels('CrossAttentionInteraction')
        check_widths(
            'CrossAttentionInteraction', self.embed_dim, visual=visual, labels=labels
        )
        refined = dict(labels=labels, visual=visual)
        # both layers of a pair read what was before it
        for linguistic, visual_layer in zip_longest(self.linguistic, self.visual):
            before = dict(refined)
            if linguistic is not None:
                refined['labels'] = linguistic(before['labels'], before['visual'])
            if visual_layer is not None:
                refined['visual'] = visual_layer(before['visual'], before['labels'])
        if self.refine != 'both':
            refined = {self.refine: refined[self.refine]}
        return feats._replace(**refined)
