"""ML-Decoder: few queries decode many labels, or texts decode labels never seen."""

import math
from collections.abc import Mapping, Sequence

import torch
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import Tensor, nn

from ...argument_checks import check_count
from ...structures import VLFeatures
from ..heads.multi_label_head import MultiLabelHead
from ..heads.named_labels_head import NamedLabelsHead
from ..layers.post_norm_block import PostNormBlock
from ..layers.unit_length import unit
from ..layers.width_check import check_widths


class MLDecoder(nn.Module):
    """One decoder layer without self-attention (section 3.2 of the paper).

    Args:
        embed_dim: Width of the patches.
        width: Width D of the decoder.
        num_heads: Attention heads.
        hidden_dim: Width inside the feed-forward net.
        dropout: Probability within the layer.
    """

    def __init__(
        self,
        embed_dim: int,
        width: int,
        num_heads: int,
        hidden_dim: int,
        dropout: float,
    ) -> None:
        super().__init__()
        check_count('width', width)
        check_count('hidden_dim', hidden_dim)
        self.proj = nn.Linear(embed_dim, width)
        self.norm = nn.LayerNorm(width)
        self.block = PostNormBlock(width, num_heads, hidden_dim, dropout)
        self.dropout = nn.Dropout(dropout)

    def forward(self, patches: Tensor, queries: Tensor) -> Tensor:
        """Let queries, (..., G, D), gather from patches, (B, N, E): (B, G, D)."""
        source = self.proj(patches).relu()
        queries = queries.expand(source.shape[0], -1, -1)
        tokens = self.norm(queries + self.dropout(queries))
        return self.block(tokens, source)


@MODELS.register_module()
class MLDecoderHead(NamedLabelsHead):
    """`ML-Decoder <https://arxiv.org/abs/2111.12933>`_ for a closed set of labels.

    Random queries that do not train, one for each group of labels, gather from the
    patches; a linear map from each group's token gives the logits of its labels
    (Ridnik et al., WACV 2023, section 3.2). Groups are runs of neighbouring labels, of
    one size but the last.

    Args:
        embed_dim: Width of the patches.
        num_groups: Groups G; with fewer labels each is a group of its own.
        width: Width D of the decoder.
        num_heads: Attention heads.
        hidden_dim: Width inside the feed-forward net.
        dropout: Probability within the layer.
        classes: The C label names; see :class:`NamedLabelsHead`.
        num_classes: C, where the names are not known.
        loss: Config of the loss on (logits, targets).
        thr: Score from which a label counts as predicted.
        topk: Number of labels predicted, instead of ``thr``.
        init_cfg: As in mmengine.

    Raises:
        ValueError: ``num_groups`` is below 1, ``num_heads`` does not divide ``width``,
            ``dropout`` is not in [0, 1], or see :class:`NamedLabelsHead`.
    """

    named_rows = ('weight', 'bias', 'group')
    # one for each group: no rows to put in order, `group` has their numbers
    sized_by_labels = ('queries',)

    def __init__(
        self,
        embed_dim: int,
        num_groups: int = 100,
        width: int = 768,
        num_heads: int = 8,
        hidden_dim: int = 2048,
        dropout: float = 0.1,
        classes: Sequence[str] | str | None = None,
        num_classes: int | None = None,
        loss: dict | None = None,
        thr: float | str | Mapping[str, float] | None = None,
        topk: int | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(classes, num_classes, loss, thr, topk, init_cfg)
        check_count('MLDecoderHead: num_groups', num_groups)
        num_groups = min(num_groups, self.num_labels)
        size = math.ceil(self.num_labels / num_groups)
        self.decoder = MLDecoder(embed_dim, width, num_heads, hidden_dim, dropout)
        # a buffer: frozen queries are no parameters that somebody could thaw
        self.register_buffer('queries', torch.randn(num_groups, width))
        # which group each label belongs to; it travels with the label
        self.register_buffer('group', torch.arange(self.num_labels) // size)
        # Xavier's deviation of a (G, D, size) array, as upstream draws it
        std = math.sqrt(2 / (size * (width + num_groups)))
        self.weight = nn.Parameter(std * torch.randn(self.num_labels, width))
        self.bias = nn.Parameter(torch.zeros(self.num_labels))

    def pre_logits(self, feats: VLFeatures) -> Tensor:
        """Return the token of each group, (B, G, D)."""
        return self.decoder(feats.visual, self.queries)

    def forward(self, feats: VLFeatures) -> Tensor:
        """Return the logits, (B, C)."""
        tokens = self.pre_logits(feats)[:, self.group]  # (B, C, D)
        return (tokens * self.weight).sum(dim=-1) + self.bias


@MODELS.register_module()
class MLDecoderTextHead(MultiLabelHead):
    """`ML-Decoder <https://arxiv.org/abs/2111.12933>`_ for labels never trained.

    The queries are a linear map of the labels' text vectors, then ReLU; one linear map,
    the same for all, turns each label's token into its logit (section 3.4 of the
    paper). It reads the labels of a prompt stage, so that ``set_classes`` of the neck
    gives it others.

    The paper has word vectors. Texts of a CLIP are nearly parallel, and queries alike
    learn slowly; so vectors are of unit length, and then standardised: less the mean
    of those that are trained on first, over their deviation from it.

    Args:
        embed_dim: Width of the patches, and of the labels' vectors.
        width: Width D of the decoder.
        num_heads: Attention heads.
        hidden_dim: Width inside the feed-forward net.
        dropout: Probability within the layer.
        loss: Config of the loss on (logits, targets); ``LogitAsymmetricLoss`` if None.
        thr: Score from which a label counts as predicted.
        topk: Number of labels predicted, instead of ``thr``.
        init_cfg: As in mmengine.

    Raises:
        ValueError: ``num_heads`` does not divide ``width``, ``dropout`` is not in
            [0, 1]; or, in ``forward``, no stage has made labels.
    """

    reads = ('visual', 'labels')

    def __init__(
        self,
        embed_dim: int,
        width: int = 768,
        num_heads: int = 8,
        hidden_dim: int = 2048,
        dropout: float = 0.1,
        loss: dict | None = None,
        thr: float | str | Mapping[str, float] | None = None,
        topk: int | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(loss or dict(type='LogitAsymmetricLoss'), thr, topk, init_cfg)
        self.decoder = MLDecoder(embed_dim, width, num_heads, hidden_dim, dropout)
        self.text_proj = nn.Linear(embed_dim, width)
        self.fc = nn.Linear(width, 1)
        nn.init.xavier_normal_(self.fc.weight)  # as published
        nn.init.zeros_(self.fc.bias)
        self.register_buffer('origin', torch.zeros(embed_dim))
        self.register_buffer('deviation', torch.ones(()))

    def loss(
        self, feats: VLFeatures, data_samples: list[DataSample], **kwargs: object
    ) -> dict[str, Tensor]:
        """Return ``loss``; the first labels set how all texts are standardised."""
        if not self.origin.any():
            labels = feats.require('labels', 'MLDecoderTextHead').detach()
            units = unit(labels.float()).flatten(0, -2)
            mean = units.mean(dim=0)
            spread = (units - mean).square().mean().sqrt()
            self.origin.copy_(mean)
            if spread > 1e-6:  # of a single label there is nothing but rounding
                self.deviation.copy_(spread)
        return super().loss(feats, data_samples, **kwargs)

    def pre_logits(self, feats: VLFeatures) -> Tensor:
        """Return the token of each label, (B, C, D)."""
        labels = feats.require('labels', 'MLDecoderTextHead')
        check_widths('MLDecoderTextHead', len(self.origin), labels=labels)
        texts = (unit(labels) - self.origin) / self.deviation
        queries = self.text_proj(texts).relu()
        return self.decoder(feats.visual, queries)

    def forward(self, feats: VLFeatures) -> Tensor:
        """Return the logits, (B, C)."""
        return self.fc(self.pre_logits(feats)).squeeze(-1)

    def _load_from_state_dict(
        self, state_dict: dict, prefix: str, *args: object
    ) -> None:
        # checkpoints of before had texts less their mean alone
        state_dict.setdefault(f'{prefix}deviation', torch.ones(()))
        super()._load_from_state_dict(state_dict, prefix, *args)
