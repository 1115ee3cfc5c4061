"""The map of a label attention whose values nothing reads."""

from torch import Tensor, nn

from .attention import AttentionMap
from .old_names import take_old_names


class LabelRelation(nn.Module):
    """Eq. 2 between labels, without the values of Eq. 1: the labels stay as they are.

    It stands where :class:`Attention` or :class:`ResidualAttention` would relate labels
    to each other, gives the same map, and has no value map that could not learn.

    Args:
        embed_dim: Width D.
        normed: Whether a LayerNorm comes first, as in :class:`ResidualAttention`.
    """

    def __init__(self, embed_dim: int, normed: bool) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(embed_dim) if normed else nn.Identity()
        self.attention = AttentionMap(embed_dim)

    def forward(self, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the labels, (..., C, D), and the map, (..., C, C)."""
        return labels, self.attention(self.norm(labels))

    def in_blocks(
        self, labels: Tensor, rows: int
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Return the labels, and the queries and keys that the map is made of.

        Args:
            labels: (..., C, D).
            rows: Not used; as in :meth:`Attention.in_blocks`.
        """
        normed = self.norm(labels)
        return labels, self.attention.compare(normed, normed)

    def _load_from_state_dict(
        self, state_dict: dict, prefix: str, *args: object
    ) -> None:
        # earlier versions had an attention with values here, of which nothing was read
        old = {'query': 'attention.query', 'key': 'attention.key'}
        take_old_names(state_dict, prefix, old)
        for name in ('value', 'attention.value'):
            state_dict.pop(f'{prefix}{name}.weight', None)
        super()._load_from_state_dict(state_dict, prefix, *args)
