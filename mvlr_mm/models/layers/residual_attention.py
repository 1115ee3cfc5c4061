"""Attention as a branch that begins as nothing."""

from torch import Tensor, nn

from .attention import Attention


class ResidualAttention(nn.Module):
    """Eq. 1 and 2 as a pre-norm branch whose value map starts at zero.

    ``queries + Attention(LayerNorm(queries), LayerNorm(context))``: the module begins
    as the identity on the queries, so what a pretrained model knows about them is there
    at the first step. (A gain in front of the branch would do the same, but it opens so
    slowly at the small steps of AdamW that a short training never uses the branch.)

    Across two kinds that a pretrained model has aligned, labels and patches of CLIP,
    the query and key maps start as the identity: a query looks at first where the
    cosine of the pretrained vectors points, instead of everywhere alike.

    Args:
        embed_dim: Width D.
        cross: Whether a context of another kind will be given; it gets a LayerNorm of
            its own.
    """

    def __init__(self, embed_dim: int, cross: bool = False) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(embed_dim)
        self.norm_context = nn.LayerNorm(embed_dim) if cross else None
        self.attention = Attention(embed_dim)
        nn.init.zeros_(self.attention.value.weight)
        if cross:
            nn.init.eye_(self.attention.query.weight)
            nn.init.eye_(self.attention.key.weight)

    def forward(
        self, queries: Tensor, context: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Return the queries with what they gathered, and the attention map.

        Args:
            queries: (..., L, D).
            context: (..., M, D), or None for self-attention.
        """
        if context is not None:
            context = self.norm_context(context)
        values, attention = self.attention(self.norm(queries), context)
        return queries + values, attention

    def in_blocks(
        self, queries: Tensor, rows: int
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """As :meth:`Attention.in_blocks`, for self-attention."""
        values, parts = self.attention.in_blocks(self.norm(queries), rows)
        return queries + values, parts
