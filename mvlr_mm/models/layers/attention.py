"""Single-head attention as the paper writes it."""

from torch import Tensor, nn

from .blocked_attention import attend_in_blocks


class AttentionMap(nn.Module):
    """Eq. 2 of the paper: ``softmax(q k^T / sqrt(D))``, one head, no bias.

    Args:
        embed_dim: Width D of queries and source.
    """

    def __init__(self, embed_dim: int) -> None:
        super().__init__()
        self.query = nn.Linear(embed_dim, embed_dim, bias=False)
        self.key = nn.Linear(embed_dim, embed_dim, bias=False)
        self.scale = embed_dim**-0.5

    def forward(self, queries: Tensor, source: Tensor | None = None) -> Tensor:
        """Return the map, (..., L, M), whose rows sum to 1.

        Args:
            queries: (..., L, D).
            source: What keys are made of, (..., M, D), or None for self-attention.
        """
        q, k = self.compare(queries, queries if source is None else source)
        return (q @ k.transpose(-2, -1)).softmax(dim=-1)

    def compare(self, queries: Tensor, source: Tensor) -> tuple[Tensor, Tensor]:
        """Return the queries and keys of whose products the map is the softmax."""
        # Scaled before the product, which keeps q k^T small under half precision.
        return self.query(queries) * self.scale, self.key(source)


class Attention(AttentionMap):
    """Scaled dot-product attention with one head, no bias and no output map.

    Literally Eq. 1 and 2 of the paper: ``softmax(q k^T / sqrt(D)) v``. Queries, keys
    and values share the width D, so the map multiplies vectors of that width again.

    Args:
        embed_dim: Width D of queries, source and values.
    """

    def __init__(self, embed_dim: int) -> None:
        super().__init__(embed_dim)
        self.value = nn.Linear(embed_dim, embed_dim, bias=False)

    def forward(
        self, queries: Tensor, source: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Let the queries gather from a source.

        The map is returned because the paper uses it further (Eq. 10); a fused kernel
        would not give it.

        Args:
            queries: (..., L, D).
            source: What keys and values are made of, (..., M, D), or None for
                self-attention. Leading axes broadcast with those of ``queries``.

        Returns:
            The values gathered, (..., L, D), and the attention map, (..., L, M), whose
            rows sum to 1.
        """
        source = queries if source is None else source
        attention = super().forward(queries, source)
        values = self.value(source)
        return attention.to(values.dtype) @ values, attention

    def in_blocks(
        self, queries: Tensor, rows: int
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Self-attention that never builds the whole map.

        Args:
            queries: (..., L, D).
            rows: How many rows of the map to build at a time.

        Returns:
            The values gathered, (..., L, D), and in place of the map the queries and
            keys of which it is the softmax, each (..., L, D).
        """
        q, k = self.compare(queries, queries)
        return attend_in_blocks([(1.0, q, k)], self.value(queries), rows), (q, k)
