"""Heads of the size of published transformer decoders, to time MVLR beside them.

Only what they cost is meant, not what they learn: the weights are random.
"""

import torch
from torch import Tensor, nn


class CrossAttentionLayer(nn.Module):
    """Attention from queries to patches and a feed-forward, without self-attention."""

    def __init__(self, width: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(width, heads, batch_first=True)
        self.feed_forward = nn.Sequential(
            nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, width)
        )
        self.norms = nn.ModuleList([nn.LayerNorm(width), nn.LayerNorm(width)])

    def forward(self, queries: Tensor, patches: Tensor) -> Tensor:
        """Return new queries (B, Q, D) from queries and patches (B, N, D)."""
        found = self.attention(queries, patches, patches, need_weights=False)[0]
        queries = self.norms[0](queries + found)
        return self.norms[1](queries + self.feed_forward(queries))


class DecoderHead(nn.Module):
    """Queries for labels that look at a trunk's last map.

    Args:
        channels: Of the map.
        labels: Number of labels C.
        width: D of the decoder; another than ``channels`` adds a projection.
        heads: Of every attention.
        hidden: Width of every feed-forward.
        layers: Decoder layers.
        encoder_layers: Encoder layers over the patches before them.
        queries: At most so many, each then for a group of labels.
    """

    def __init__(
        self,
        channels: int,
        labels: int,
        width: int,
        heads: int,
        hidden: int,
        layers: int,
        encoder_layers: int = 0,
        queries: int | None = None,
    ) -> None:
        super().__init__()
        count = min(queries or labels, labels)
        self.labels = labels
        project = nn.Sequential(nn.Linear(channels, width), nn.ReLU())
        self.project = nn.Identity() if channels == width else project
        self.queries = nn.Parameter(torch.randn(count, width))
        self.encoder = nn.ModuleList(
            nn.TransformerEncoderLayer(width, heads, hidden, batch_first=True)
            for _ in range(encoder_layers)
        )
        self.layers = nn.ModuleList(
            CrossAttentionLayer(width, heads, hidden) for _ in range(layers)
        )
        group = -(-labels // count)
        self.weight = nn.Parameter(torch.randn(count, width, group) * width**-0.5)

    def forward(self, patches: Tensor) -> Tensor:
        """Turn patches (B, N, channels) into logits (B, C)."""
        patches = self.project(patches)
        for layer in self.encoder:
            patches = layer(patches)
        queries = self.queries.expand(len(patches), -1, -1)
        for layer in self.layers:
            queries = layer(queries, patches)
        scores = torch.einsum('bqd,qdg->bqg', queries, self.weight)
        return scores.flatten(1)[:, : self.labels]


def q2l_like(channels: int, labels: int) -> DecoderHead:
    """Return a head of Query2Label's size for ResNets: 1 encoder, 2 decoder layers.

    Its feed-forward is four times as wide as the trunk's map, its heads are 4.
    """
    return DecoderHead(
        channels, labels, channels, 4, 4 * channels, layers=2, encoder_layers=1
    )


def ml_decoder_like(channels: int, labels: int) -> DecoderHead:
    """Return a head of ML-Decoder's size: one layer, at most 100 queries."""
    return DecoderHead(channels, labels, 768, 8, 2048, layers=1, queries=100)
