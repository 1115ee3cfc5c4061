import pytest
import torch
from torch import nn

from mvlr_mm.models.layers.post_norm_block import PostNormBlock


def copy_into(block, stock, attention):
    """Give the block the weights of one of torch's layers."""
    block.attention.load_state_dict(getattr(stock, attention).state_dict())
    block.feed_forward[0].load_state_dict(stock.linear1.state_dict())
    block.feed_forward[3].load_state_dict(stock.linear2.state_dict())
    norms = ('norm1', 'norm2') if attention == 'self_attn' else ('norm2', 'norm3')
    for own, theirs in zip((block.norm, block.out_norm), norms, strict=True):
        nn.init.uniform_(getattr(stock, theirs).weight)
        own.load_state_dict(getattr(stock, theirs).state_dict())


def test_on_itself_it_is_torchs_encoder_layer():
    torch.manual_seed(0)
    block = PostNormBlock(8, 2, 12, dropout=0)
    stock = nn.TransformerEncoderLayer(8, 2, 12, dropout=0, batch_first=True)
    copy_into(block, stock, 'self_attn')
    tokens = torch.randn(2, 5, 8, requires_grad=True)
    ours, theirs = block(tokens, tokens), stock(tokens)
    torch.testing.assert_close(ours, theirs)
    (a,) = torch.autograd.grad(ours.square().sum(), tokens)
    (b,) = torch.autograd.grad(theirs.square().sum(), tokens)
    torch.testing.assert_close(a, b)


def test_positions_reach_queries_and_keys_but_no_value():
    torch.manual_seed(0)
    block = PostNormBlock(4, 1, 6, dropout=0)
    tokens, source = torch.randn(1, 2, 4), torch.randn(1, 3, 4)
    places, source_places = torch.randn(2, 4), torch.randn(3, 4)
    wq, wk, wv = block.attention.in_proj_weight.chunk(3)
    bq, bk, bv = block.attention.in_proj_bias.chunk(3)
    out = block.attention.out_proj
    for i in range(2):
        q = wq @ (tokens[0, i] + places[i]) + bq
        scores = [
            q @ (wk @ (source[0, j] + source_places[j]) + bk) / 2 for j in range(3)
        ]
        weights = torch.stack(scores).softmax(0)
        gathered = sum(weights[j] * (wv @ source[0, j] + bv) for j in range(3))
        x = block.norm(tokens[0, i] + out.weight @ gathered + out.bias)
        expected = block.out_norm(x + block.feed_forward(x))
        found = block(tokens, source, places, source_places)[0, i]
        torch.testing.assert_close(found, expected)


def test_heads_must_divide_the_width():
    with pytest.raises(ValueError, match=r'embed_dim \(6\) must be divisible by'):
        PostNormBlock(6, 4, 8)
