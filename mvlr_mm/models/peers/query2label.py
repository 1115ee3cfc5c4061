"""Query2Label: a query for each label decodes the patches."""

from collections.abc import Mapping, Sequence

import torch
from mmpretrain.registry import MODELS
from torch import Tensor, nn

from ...argument_checks import check_count, check_whole
from ...structures import VLFeatures
from ..heads.named_labels_head import NamedLabelsHead
from ..layers.label_linear import LabelLinear
from ..layers.post_norm_block import PostNormBlock
from ..layers.sine_positions import sine_positions


@MODELS.register_module()
class Query2LabelHead(NamedLabelsHead):
    """`Query2Label <https://arxiv.org/abs/2107.10834>`_ (Liu et al. 2021, section 3).

    Transformer encoder layers over the patches with sine positions; decoder layers in
    which a learned query of each label gathers from them; a linear map for each label.
    As in the published models the decoder has no self-attention, its tokens start at
    zero with the queries as their positions, and it ends with a LayerNorm.

    Args:
        embed_dim: Width D of the patches and of everything here.
        num_heads: Attention heads.
        hidden_dim: Width inside the feed-forward nets; None takes 4 D, the published
            8192 at D = 2048.
        num_encoders: Encoder layers.
        num_decoders: Decoder layers.
        dropout: Probability within the layers.
        classes: The C label names; see :class:`NamedLabelsHead`.
        num_classes: C, where the names are not known.
        loss: Config of the loss on (logits, targets).
        thr: Score from which a label counts as predicted.
        topk: Number of labels predicted, instead of ``thr``.
        init_cfg: As in mmengine.

    Raises:
        ValueError: ``num_heads`` or 4 does not divide ``embed_dim``, there is no
            decoder, ``num_encoders`` is below 0, ``dropout`` is not in [0, 1], or see
            :class:`NamedLabelsHead`.
    """

    named_rows = ('queries.weight', 'fc.weight', 'fc.bias')

    def __init__(
        self,
        embed_dim: int,
        num_heads: int = 4,
        hidden_dim: int | None = None,
        num_encoders: int = 1,
        num_decoders: int = 2,
        dropout: float = 0.1,
        classes: Sequence[str] | str | None = None,
        num_classes: int | None = None,
        loss: dict | None = None,
        thr: float | str | Mapping[str, float] | None = None,
        topk: int | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(classes, num_classes, loss, thr, topk, init_cfg)
        check_whole('num_encoders', num_encoders, at_least=0)
        check_count('num_decoders', num_decoders)
        check_count('hidden_dim', hidden_dim, or_none=True)
        sizes = embed_dim, num_heads, hidden_dim or 4 * embed_dim, dropout
        self.encoder = nn.ModuleList(PostNormBlock(*sizes) for _ in range(num_encoders))
        self.decoder = nn.ModuleList(PostNormBlock(*sizes) for _ in range(num_decoders))
        for block in (*self.encoder, *self.decoder):
            # query, key and value begin in Xavier's range of their joint map already
            net = block.feed_forward
            for linear in (block.attention.out, net[0], net[3]):
                nn.init.xavier_uniform_(linear.weight)
        self.norm = nn.LayerNorm(embed_dim)
        self.queries = nn.Embedding(self.num_labels, embed_dim)
        self.fc = LabelLinear(embed_dim, self.num_labels)

    def pre_logits(self, feats: VLFeatures) -> Tensor:
        """Return what each label's query has gathered, (B, C, D)."""
        patches, queries = feats.visual, self.queries.weight
        places = sine_positions(feats.grid, patches.shape[-1], patches.device)
        places = places.to(patches.dtype)
        for layer in self.encoder:
            patches = layer(patches, patches, places, places)
        tokens = torch.zeros_like(queries).expand(patches.shape[0], -1, -1)
        for layer in self.decoder:
            tokens = layer(tokens, patches, queries, places)
        return self.norm(tokens)

    def forward(self, feats: VLFeatures) -> Tensor:
        """Return the logits, (B, C)."""
        return self.fc(self.pre_logits(feats))
