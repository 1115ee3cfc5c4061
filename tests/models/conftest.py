"""A reference for attention, and CLIPs of other temperatures."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
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


@pytest.fixture
def clip_of(tiny_clip: Callable[..., dict], tmp_path: Path) -> Callable[[float], dict]:
    """Make the tiny CLIP as if its cosines had been trained with a factor."""

    def make(factor: float) -> dict:
        files = tiny_clip()
        weights = load_file(files['pretrained'])
        weights['logit_scale'] = torch.tensor(factor).log()
        path = tmp_path / f'{factor}.safetensors'
        save_file(weights, str(path))
        return dict(files, pretrained=str(path))

    return make
