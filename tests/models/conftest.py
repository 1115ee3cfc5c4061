"""Attention of torch's own, as a reference for ours."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from mvlr_mm.models.layers.transformer import MultiHeadAttention


@pytest.fixture
def torchs_attention() -> Callable[[MultiHeadAttention], nn.MultiheadAttention]:
    """Make torch's attention with the weights of ours."""

    @torch.no_grad()
    def make(attention: MultiHeadAttention) -> nn.MultiheadAttention:
        maps = attention.query, attention.key, attention.value
        stock = nn.MultiheadAttention(
            attention.query.in_features, attention.num_heads, batch_first=True
        )
        stock.in_proj_weight.copy_(torch.cat([m.weight for m in maps]))
        stock.in_proj_bias.copy_(torch.cat([m.bias for m in maps]))
        stock.out_proj.weight.copy_(attention.out.weight)
        stock.out_proj.bias.copy_(attention.out.bias)
        return stock

    return make
