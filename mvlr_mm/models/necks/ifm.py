"""Interaction and fusion of the label representations."""

import torch
from mmengine.model import BaseModule
from mmpretrain.registry import MODELS
from torch import Tensor, nn

from ...argument_checks import check_count, check_number
from ...structures import VLFeatures
from ..layers.attention import Attention
from ..layers.blocked_attention import attend_in_blocks
from ..layers.eval_cache import EvalCache
from ..layers.label_relation import LabelRelation
from ..layers.old_names import take_old_names
from ..layers.residual_attention import ResidualAttention
from ..layers.width_check import check_widths

# A map of labels, (..., C, C), or the queries and keys of which it is the softmax.
LabelMap = Tensor | tuple[Tensor, Tensor]

_OLD_NAMES = {
    'gather': 'patch_attention',
    'relate': 'context_attention',
    'mlp': 'channel_interaction',
}


@MODELS.register_module()
class IFM(EvalCache, BaseModule):
    """Interaction and Fusion Module (MVLR, section 3.3, Eq. 6 to 10).

    Label attention relates the hard-prompt labels to each other (no image in it),
    context-aware attention lets the soft-prompt labels gather from the patches and then
    from each other, channel interaction feeds the first into the second, and the two
    attention maps, mixed by alpha, aggregate the result.

    To the letter, each attention *replaces* the label vectors, so that a model that
    starts from CLIP forgets at once which vector means which label. By default each
    attention is therefore a branch beside its input: LayerNorm before it, its value map
    at zero to begin with, its output added. The labels look at the patches where their
    cosine is high, to begin with. Eq. 10 is added through a gain from zero on. The
    module begins as the identity.

    Fills ``labels`` (T), ``knowledge`` (T^ka), ``context`` (T^ca after Eq. 8) and
    ``relation`` (the mixed map).

    With many labels the maps, (C, C) and (B, C, C), would fill the memory. They are
    then built some rows at a time, once for Eq. 6 and 7 and again for Eq. 10, and
    ``relation`` stays empty. In evaluation Eq. 6 is computed once.

    Args:
        embed_dim: Width D.
        alpha: Weight of the knowledge map in Eq. 10, in [0, 1]; None learns it from
            0.5 on (table 10 fixes it).
        residual: False gives the equations to the letter.
        label_attention: Eq. 6; without it T^ka is T^hard (figure 4).
        context_attention: Eq. 7; without it T^ca is T^soft (figure 4).
        channel_interaction: Eq. 8 (figure 4). Without it no prediction reads what the
            label attention gathers, so that gives its map alone and T^ka is T^hard.
        hidden_dim: Width inside the MLP of Eq. 8.
        max_map_labels: With more labels than this, no map is built that has more
            entries than the square of it.
        init_cfg: As in mmengine.

    Raises:
        ValueError: ``alpha`` is outside [0, 1], or ``max_map_labels`` below 1; or, in
            ``forward``, no stage before has filled ``hard`` and ``soft``.
    """

    requires = ('hard', 'soft')
    provides = ('labels', 'knowledge', 'context', 'relation')

    def __init__(
        self,
        embed_dim: int,
        alpha: float | None = None,
        residual: bool = True,
        label_attention: bool = True,
        context_attention: bool = True,
        channel_interaction: bool = True,
        hidden_dim: int = 128,
        max_map_labels: int = 2048,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        check_number('alpha', alpha, or_none=True, at_least=0, at_most=1)
        check_count('max_map_labels', max_map_labels)
        self.embed_dim = embed_dim
        self.max_map_labels = max_map_labels
        self.label_attention = self.patch_attention = None
        self.context_attention = self.channel_interaction = None
        if label_attention and channel_interaction:
            self.label_attention = _attention(embed_dim, residual)
        elif label_attention:
            self.label_attention = LabelRelation(embed_dim, normed=residual)
        if context_attention:
            self.patch_attention = _attention(embed_dim, residual, cross=True)
            self.context_attention = _attention(embed_dim, residual)
        if channel_interaction:
            self.channel_interaction = nn.Sequential(
                nn.Linear(2 * embed_dim, hidden_dim),
                nn.ReLU(inplace=True),
                nn.Linear(hidden_dim, embed_dim),
            )
            if residual:
                nn.init.zeros_(self.channel_interaction[-1].weight)
                nn.init.zeros_(self.channel_interaction[-1].bias)
        # Eq. 10 has as many maps as attentions of labels, and alpha weighs two
        maps = label_attention + context_attention
        self.gain = None
        if residual and maps:
            self.gain = nn.Parameter(torch.zeros(embed_dim))
        self.alpha = alpha
        if alpha is None and maps == 2:
            self.alpha = nn.Parameter(torch.tensor(0.5))

    def forward(self, feats: VLFeatures) -> VLFeatures:
        """Relate, fuse and aggregate; (B, C, D) labels come out."""
        hard, soft = feats.require('hard', 'IFM'), feats.require('soft', 'IFM')
        check_widths('IFM', self.embed_dim, visual=feats.visual, hard=hard, soft=soft)
        knowledge, knowledge_map = hard, None
        if self.label_attention is not None:  # Eq. 6: (C, D), (C, C)
            knowledge, knowledge_map = self.remember(
                'knowledge',
                lambda: self._self_attend(self.label_attention, hard),
                weights=self.label_attention,
                of=(hard,),
            )
        context, context_map = soft.expand(feats.visual.shape[0], -1, -1), None
        if self.patch_attention is not None:  # Eq. 7: (B, C, D), (B, C, C)
            context, _ = self.patch_attention(soft, feats.visual)
            context, context_map = self._self_attend(self.context_attention, context)
        if self.channel_interaction is not None:
            both = torch.cat([knowledge.expand_as(context), context], dim=-1)
            context = context + self.channel_interaction(both)  # Eq. 8
        labels, relation = self._aggregate(knowledge_map, context_map, context)
        return feats._replace(
            labels=labels, knowledge=knowledge, context=context, relation=relation
        )

    def _self_attend(
        self, attention: nn.Module, labels: Tensor
    ) -> tuple[Tensor, LabelMap]:
        """Let labels attend to each other, with the map or what it is made of."""
        count = labels.shape[-2]
        if count <= self.max_map_labels:
            return attention(labels)
        return attention.in_blocks(labels, self._rows(count))

    def _aggregate(
        self,
        knowledge_map: LabelMap | None,
        context_map: LabelMap | None,
        labels: Tensor,
    ) -> tuple[Tensor, Tensor | None]:
        """Eq. 10: the labels, and the mixed map where it was built."""
        weights = (1.0, 1.0)
        if knowledge_map is not None and context_map is not None:
            weights = (self.alpha, 1 - self.alpha)
        maps = [
            (weight, m)
            for weight, m in zip(weights, (knowledge_map, context_map), strict=True)
            if m is not None
        ]
        if not maps:
            return labels, None
        if isinstance(maps[0][1], Tensor):
            relation = sum(weight * m for weight, m in maps)
            relation = relation.expand(labels.shape[0], -1, -1)
            mixed = relation.to(labels.dtype) @ labels
        else:
            parts = [(weight, *m) for weight, m in maps]
            relation = None
            mixed = attend_in_blocks(parts, labels, self._rows(labels.shape[-2]))
        if self.gain is not None:
            mixed = labels + self.gain * mixed
        return mixed, relation

    def _rows(self, count: int) -> int:
        return max(1, self.max_map_labels**2 // count)

    def _load_from_state_dict(
        self, state_dict: dict, prefix: str, *args: object
    ) -> None:
        take_old_names(state_dict, prefix, _OLD_NAMES)
        for name in ('alpha', 'gain'):  # earlier versions had them without use, too
            if getattr(self, name) is None:
                state_dict.pop(f'{prefix}{name}', None)
        super()._load_from_state_dict(state_dict, prefix, *args)


def _attention(embed_dim: int, residual: bool, cross: bool = False) -> nn.Module:
    return ResidualAttention(embed_dim, cross) if residual else Attention(embed_dim)
