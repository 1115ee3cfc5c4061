import pytest
import torch
from torch import nn

from mvlr_mm.models.layers.post_norm_block import PostNormBlock


def test_on_itself_it_is_torchs_encoder_layer(torchs_attention):
    torch.manual_seed(0)
    block = PostNormBlock(8, 2, 12, dropout=0)
    stock = nn.TransformerEncoderLayer(8, 2, 12, dropout=0, batch_first=True)
    stock.self_attn = torchs_attention(block.attention)
    stock.linear1, stock.linear2 = block.feed_forward[0], block.feed_forward[3]
    stock.norm1, stock.norm2 = block.norm, block.out_norm
    for norm in (block.norm, block.out_norm):
        nn.init.uniform_(norm.weight)
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
    query, key, value = (getattr(block.attention, n) for n in ('query', 'key', 'value'))
    for i in range(2):
        q = query(tokens[0, i] + places[i])
        scores = [q @ key(source[0, j] + source_places[j]) / 2 for j in range(3)]
        weights = torch.stack(scores).softmax(0)
        gathered = sum(weights[j] * value(source[0, j]) for j in range(3))
        x = block.norm(tokens[0, i] + block.attention.out(gathered))
        expected = block.out_norm(x + block.feed_forward(x))
        found = block(tokens, source, places, source_places)[0, i]
        torch.testing.assert_close(found, expected)


def test_heads_must_divide_the_width():
    with pytest.raises(ValueError, match=r'embed_dim \(6\) must be divisible by'):
        PostNormBlock(6, 4, 8)


def test_dropout_acts_in_training_alone():
    torch.manual_seed(0)
    block, tokens = PostNormBlock(8, 2, 12, dropout=0.5), torch.randn(1, 5, 8)
    weights = block.attention(tokens, tokens)
    assert not weights.equal(block.attention(tokens, tokens))
    block.eval()
    assert block(tokens, tokens).equal(block(tokens, tokens))


def test_in_training_it_drops_what_torchs_layer_drops(torchs_attention):
    torch.manual_seed(0)
    block = PostNormBlock(8, 2, 12, dropout=0.4)
    stock = nn.TransformerEncoderLayer(8, 2, 12, dropout=0.4, batch_first=True)
    stock.self_attn = torchs_attention(block.attention)
    stock.self_attn.dropout = 0.4
    stock.linear1, stock.linear2 = block.feed_forward[0], block.feed_forward[3]
    stock.norm1, stock.norm2 = block.norm, block.out_norm
    # of one picture, so that random numbers fall on the same places of both
    tokens = torch.randn(1, 50, 8)
    torch.manual_seed(1)
    found = block(tokens, tokens)
    torch.manual_seed(1)
    torch.testing.assert_close(found, stock(tokens))
    assert not found.allclose(block.eval()(tokens, tokens))


def test_first_weights_are_those_of_torchs_attention():
    torch.manual_seed(0)
    ours, stock = PostNormBlock(128, 4, 64), nn.MultiheadAttention(128, 4)
    attention = ours.attention
    maps = attention.query, attention.key, attention.value
    pairs = [(m, w) for m, w in zip(maps, stock.in_proj_weight.chunk(3), strict=True)]
    for linear, published in (*pairs, (attention.out, stock.out_proj.weight)):
        assert not linear.bias.any()
        for size in (torch.std, lambda w: w.abs().max()):
            torch.testing.assert_close(
                size(linear.weight), size(published), rtol=0.03, atol=0
            )
    stock = nn.TransformerEncoderLayer(128, 4, 64)
    for linear, published in (
        (ours.feed_forward[0], stock.linear1),
        (ours.feed_forward[3], stock.linear2),
    ):
        torch.testing.assert_close(
            linear.weight.std(), published.weight.std(), rtol=0.03, atol=0
        )
