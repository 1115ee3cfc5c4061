"""Attention as a branch that begins as nothing."""

from torch import Tensor, nn

from .attention import Attention
from .old_names import take_old_names


class ResidualAttention(nn.Module):
    """Eq. 1 and 2 as a pre-norm branch whose value map starts at zero.

    ``queries + Attention(LayerNorm(queries), LayerNorm(source))``: the module begins
    as the identity on the queries, so what a pretrained model knows about them is there
    at the first step. (A gain in front of the branch would do the same, but it opens so
    slowly at the small steps of AdamW that a short training never uses the branch.)

    Across two kinds that a pretrained model has aligned, labels and patches of CLIP,
    the query and key maps start as the identity: a query looks at first where the
    cosine of the pretrained vectors points, instead of everywhere alike.

    Args:
        embed_dim: Width D.
        cross: Whether a source of another kind will be given; it gets a LayerNorm of
            its own.
    """

    def __init__(self, embed_dim: int, cross: bool = False) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(embed_dim)
        self.source_norm = nn.LayerNorm(embed_dim) if cross else None
        self.attention = Attention(embed_dim)
        nn.init.zeros_(self.attention.value.weight)
        if cross:
            nn.init.eye_(self.attention.query.weight)
            nn.init.eye_(self.attention.key.weight)

    def forward(
        self, queries: Tensor, source: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Return the queries with what they gathered, and the attention map.

        Args:
            queries: (..., L, D).
            source: (..., M, D), or None for self-attention.
        """
        if source is not None:
            source = self.source_norm(source)
        values, attention = self.attention(self.norm(queries), source)
        return queries + values, attention

    def in_blocks(
        self, queries: Tensor, rows: int
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """As :meth:`Attention.in_blocks`, for self-attention."""
        values, parts = self.attention.in_blocks(self.norm(queries), rows)
        return queries + values, parts

    def _load_from_state_dict(
        self, state_dict: dict, prefix: str, *args: object
    ) -> None:
        take_old_names(state_dict, prefix, {'norm_context': 'source_norm'})
        super()._load_from_state_dict(state_dict, prefix, *args)
