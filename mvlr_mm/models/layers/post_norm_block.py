"""The Transformer block of the systems that decode labels from patches."""

import math

from torch import Tensor, nn

from .transformer import MultiHeadAttention


class PostNormBlock(nn.Module):
    """Attention and a feed-forward net; each is added to the tokens, then normed.

    Of Vaswani et al. 2017, an encoder layer where the tokens attend to themselves, and
    a decoder layer without self-attention where they attend to a source. Positions are
    added to queries and keys alone, never to values, as in DETR.

    Args:
        embed_dim: Width D of tokens and source.
        num_heads: Attention heads; must divide ``embed_dim``.
        hidden_dim: Width inside the feed-forward net.
        dropout: Probability, in the attention map and behind each linear map.

    Raises:
        ValueError: ``num_heads`` does not divide ``embed_dim``.
    """

    def __init__(
        self, embed_dim: int, num_heads: int, hidden_dim: int, dropout: float = 0.1
    ) -> None:
        super().__init__()
        self.attention = MultiHeadAttention(embed_dim, num_heads, dropout=dropout)
        for linear in (self.attention.query, self.attention.key, self.attention.value):
            # as torch's own attention draws the three: Xavier's range of a joint map
            bound = math.sqrt(1.5 / embed_dim)
            nn.init.uniform_(linear.weight, -bound, bound)
            nn.init.zeros_(linear.bias)
        self.dropout = nn.Dropout(dropout)
        self.norm = nn.LayerNorm(embed_dim)
        self.feed_forward = nn.Sequential(
            nn.Linear(embed_dim, hidden_dim),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Linear(hidden_dim, embed_dim),
            nn.Dropout(dropout),
        )
        self.out_norm = nn.LayerNorm(embed_dim)

    def forward(
        self,
        tokens: Tensor,
        source: Tensor,
        positions: Tensor | float = 0.0,
        source_positions: Tensor | float = 0.0,
    ) -> Tensor:
        """Let tokens gather from a source.

        Args:
            tokens: (B, L, D).
            source: (B, M, D); the tokens themselves for self-attention.
            positions: Of the tokens, broadcast to (B, L, D).
            source_positions: Of the source, broadcast to (B, M, D).

        Returns:
            The tokens, (B, L, D).
        """
        queries, keys = tokens + positions, source + source_positions
        gathered = self.attention(queries, source, keys)
        tokens = self.norm(tokens + self.dropout(gathered))
        return self.out_norm(tokens + self.feed_forward(tokens))
