"""The standard Transformer block, pre-norm, with or without cross-attention."""

import torch.nn.functional as F
from torch import Tensor, nn

from ...argument_checks import check_count, check_number
from .guarded_linear import GuardedLinear
from .old_names import take_old_names


class MultiHeadAttention(nn.Module):
    """Multi-head attention (Vaswani et al. 2017, section 3.2.2).

    Args:
        embed_dim: Width D of queries and source.
        num_heads: Number of heads; must divide ``embed_dim``.
        zero_init: Whether the output map starts at zero.
        dropout: Probability with which a weight of the map is zeroed in training.

    Raises:
        ValueError: ``num_heads`` does not divide ``embed_dim``, or ``dropout`` is not
            in [0, 1].
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int = 8,
        zero_init: bool = False,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        check_count('num_heads', num_heads)
        check_number('dropout', dropout, at_least=0, at_most=1)
        if embed_dim % num_heads:
            raise ValueError(
                f'embed_dim ({embed_dim}) must be divisible by num_heads ({num_heads}).'
            )
        self.num_heads = num_heads
        self.dropout = dropout
        self.query = nn.Linear(embed_dim, embed_dim)
        self.key = nn.Linear(embed_dim, embed_dim)
        self.value = nn.Linear(embed_dim, embed_dim)
        self.out = GuardedLinear(embed_dim, embed_dim, bias=True, zero_init=zero_init)

    def forward(
        self, queries: Tensor, source: Tensor, keys: Tensor | None = None
    ) -> Tensor:
        """Let queries, (B, L, D), gather from a source, (B, M, D).

        Args:
            queries: (B, L, D).
            source: What values are made of, (B, M, D).
            keys: What keys are made of, (B, M, D); None takes the source.
        """
        keys = source if keys is None else keys
        q, k, v = (
            t.unflatten(-1, (self.num_heads, -1)).transpose(1, 2)  # (B, heads, ., D/h)
            for t in (self.query(queries), self.key(keys), self.value(source))
        )
        dropout = self.dropout if self.training else 0.0
        values = F.scaled_dot_product_attention(q, k, v, dropout_p=dropout)
        return self.out(values.transpose(1, 2).flatten(2))


class TransformerBlock(nn.Module):
    """Self-attention, cross-attention if asked for, MLP; a pre-norm branch each.

    Without ``cross`` the encoder layer of Vaswani et al. 2017, with it their decoder
    layer (without a mask), both with LayerNorm before each branch and GELU.

    Args:
        embed_dim: Width D of the tokens.
        num_heads: Attention heads; must divide ``embed_dim``.
        mlp_ratio: Width inside the MLP over ``embed_dim``.
        cross: Whether the tokens also attend to a source of another kind.
        zero_init: Whether the output map of each branch starts at zero, the block then
            as the identity.

    Raises:
        ValueError: ``num_heads`` does not divide ``embed_dim``, or ``mlp_ratio`` is not
            above 0.
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int = 8,
        mlp_ratio: float = 4,
        cross: bool = False,
        zero_init: bool = False,
    ) -> None:
        super().__init__()
        check_number('mlp_ratio', mlp_ratio, above=0)
        self.self_norm = nn.LayerNorm(embed_dim)
        self.self_attention = MultiHeadAttention(embed_dim, num_heads, zero_init)
        self.cross_attention = None
        if cross:
            self.cross_norm = nn.LayerNorm(embed_dim)
            self.source_norm = nn.LayerNorm(embed_dim)
            self.cross_attention = MultiHeadAttention(embed_dim, num_heads, zero_init)
        hidden = int(embed_dim * mlp_ratio)
        self.mlp = nn.Sequential(
            nn.LayerNorm(embed_dim),
            nn.Linear(embed_dim, hidden),
            nn.GELU(),
            GuardedLinear(hidden, embed_dim, bias=True, zero_init=zero_init),
        )

    def forward(self, tokens: Tensor, source: Tensor | None = None) -> Tensor:
        """Refine tokens, (B, L, D), by each other and by a source, (B, M, D)."""
        normed = self.self_norm(tokens)
        tokens = tokens + self.self_attention(normed, normed)
        if self.cross_attention is not None:
            tokens = tokens + self.cross_attention(
                self.cross_norm(tokens), self.source_norm(source)
            )
        return tokens + self.mlp(tokens)

    def _load_from_state_dict(
        self, state_dict: dict, prefix: str, *args: object
    ) -> None:
        take_old_names(state_dict, prefix, {'context_norm': 'source_norm'})
        super()._load_from_state_dict(state_dict, prefix, *args)
