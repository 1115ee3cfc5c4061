"""Attention in the place of QMVL: the twins of table 6."""

import torch
from mmengine.model import BaseModule
from mmpretrain.registry import MODELS
from torch import nn

from ...structures import VLFeatures
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
    """

    requires = ('labels',)

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
        init_cfg: As in every mmengine module.
    """

    requires = ('labels',)

    def __init__(
        self,
        embed_dim: int,
        num_layers: int = 1,
        num_heads: int = 8,
        mlp_ratio: float = 4,
        zero_init: bool = True,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.embed_dim = embed_dim
        self.linguistic, self.visual = (
            nn.ModuleList(
                TransformerBlock(embed_dim, num_heads, mlp_ratio, True, zero_init)
                for _ in range(num_layers)
            )
            for _ in range(2)
        )

    def forward(self, feats: VLFeatures) -> VLFeatures:
        """Replace ``labels``, (B, C, D), and ``visual``, (B, N, D), by refined ones.

        Raises:
            ValueError: ``labels`` is missing, or a width differs from ``embed_dim``.
        """
        visual, labels = feats.visual, feats.batch_labels('CrossAttentionInteraction')
        check_widths(
            'CrossAttentionInteraction', self.embed_dim, visual=visual, labels=labels
        )
        for linguistic, visual_layer in zip(self.linguistic, self.visual, strict=True):
            labels, visual = linguistic(labels, visual), visual_layer(visual, labels)
        return feats._replace(visual=visual, labels=labels)
