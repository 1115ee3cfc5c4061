import torch
import torch.nn.functional as F

from mvlr_mm.models.layers.residual_attention import ResidualAttention


def test_begins_as_the_identity_with_a_gradient():
    layer = ResidualAttention(8)
    x = torch.randn(2, 5, 8)
    out, attention = layer(x)
    assert torch.equal(out, x)
    assert attention.shape == (2, 5, 5)
    out.sum().backward()
    assert layer.attention.value.weight.grad.abs().max() > 0


def test_across_kinds_it_looks_where_the_cosine_points():
    torch.manual_seed(0)
    x, context = torch.randn(2, 5, 8), torch.randn(2, 7, 8)
    _, attention = ResidualAttention(8, cross=True)(x, context)
    x, context = x - x.mean(-1, keepdim=True), context - context.mean(-1, keepdim=True)
    cosine = F.cosine_similarity(x[:, :, None], context[:, None], dim=-1)
    # the norm of a vector after LayerNorm is sqrt(8), so q k^T / sqrt(8) is this
    expected = (8**0.5 * cosine).softmax(-1)
    torch.testing.assert_close(attention, expected, rtol=1e-4, atol=1e-4)


def test_adds_normed_attention():
    layer = ResidualAttention(8, cross=True)
    torch.nn.init.normal_(layer.attention.value.weight)
    torch.nn.init.normal_(layer.norm_context.weight)
    x, context = torch.randn(2, 5, 8), torch.randn(2, 7, 8)
    normed = F.layer_norm(context, (8,), layer.norm_context.weight)
    values, expected = layer.attention(F.layer_norm(x, (8,)), normed)
    out, attention = layer(x, context)
    torch.testing.assert_close(out, x + values)
    torch.testing.assert_close(attention, expected)


def test_blocks_of_the_map_give_the_same_values():
    torch.manual_seed(0)
    layer, queries = ResidualAttention(6), torch.randn(2, 7, 6)
    torch.nn.init.normal_(layer.attention.value.weight)
    torch.testing.assert_close(layer.in_blocks(queries, 3)[0], layer(queries)[0])
