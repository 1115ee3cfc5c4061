"""Where in the picture a label is, by a product of words and patches."""

from torch import Tensor, nn


class LowRankAttention(nn.Module):
    """Low-rank bilinear attention of labels on patches, as in SSGRL and SALGL.

    ``softmax over patches of w^T W_h tanh((W_x x) * (W_e e))``. Nothing stands between
    the two last maps, which are applied as one: the same function for C * N times less
    work. Their biases, the same for all patches, would vanish in the softmax; there are
    none.

    Args:
        embed_dim: Width D of the patches.
        label_dim: Width V of the labels.
        hidden_dim: Width of the product.
    """

    def __init__(self, embed_dim: int, label_dim: int, hidden_dim: int) -> None:
        super().__init__()
        self.patch = nn.Linear(embed_dim, hidden_dim, bias=False)
        self.label = nn.Linear(label_dim, hidden_dim, bias=False)
        self.hidden = nn.Linear(hidden_dim, hidden_dim, bias=False)
        self.score = nn.Linear(hidden_dim, 1, bias=False)

    def forward(self, visual: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Gather the patches of each label.

        Args:
            visual: Patches (B, N, D).
            labels: (C, V).

        Returns:
            The patches gathered, (B, C, D), and the map, (B, C, N), of rows of sum 1.
        """
        product = self.patch(visual)[:, None] * self.label(labels)[:, None]
        both = self.score.weight @ self.hidden.weight  # (1, hidden_dim)
        scores = (product.tanh() @ both.mT).squeeze(-1)  # (B, C, N)
        attention = scores.softmax(dim=-1)
        return attention.to(visual.dtype) @ visual, attention
