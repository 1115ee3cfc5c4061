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
    x, source = torch.randn(2, 5, 8), torch.randn(2, 7, 8)
    _, attention = ResidualAttention(8, cross=True)(x, source)
    x, source = x - x.mean(-1, keepdim=True), source - source.mean(-1, keepdim=True)
    cosine = F.cosine_similarity(x[:, :, None], source[:, None], dim=-1)
    # the norm of a vector after LayerNorm is sqrt(8), so q k^T / sqrt(8) is this
    expected = (8**0.5 * cosine).softmax(-1)
    torch.testing.assert_close(attention, expected, rtol=1e-4, atol=1e-4)


def test_adds_normed_attention():
    layer = ResidualAttention(8, cross=True)
    torch.nn.init.normal_(layer.attention.value.weight)
    torch.nn.init.normal_(layer.source_norm.weight)
    x, source = torch.randn(2, 5, 8), torch.randn(2, 7, 8)
    normed = F.layer_norm(source, (8,), layer.source_norm.weight)
    values, expected = layer.attention(F.layer_norm(x, (8,)), normed)
    out, attention = layer(x, source)
    torch.testing.assert_close(out, x + values)
    torch.testing.assert_close(attention, expected)


def test_blocks_of_the_map_give_the_same_values():
    torch.manual_seed(0)
    layer, queries = ResidualAttention(6), torch.randn(2, 7, 6)
    torch.nn.init.normal_(layer.attention.value.weight)
    torch.testing.assert_close(layer.in_blocks(queries, 3)[0], layer(queries)[0])


def test_checkpoints_with_the_old_name_of_a_norm_load():
    layer, old = ResidualAttention(8, cross=True), ResidualAttention(8, cross=True)
    torch.nn.init.normal_(old.source_norm.weight)
    state = {
        k.replace('source_norm', 'norm_context'): v for k, v in old.state_dict().items()
    }
    layer.load_state_dict(state)
    assert torch.equal(layer.source_norm.weight, old.source_norm.weight)


def test_only_across_kinds_the_maps_start_as_the_identity():
    eye = torch.eye(8)
    inside, across = (
        ResidualAttention(8).attention,
        ResidualAttention(8, True).attention,
    )
    for name in ('query', 'key'):
        assert torch.equal(getattr(across, name).weight, eye)
        assert (getattr(inside, name).weight - eye).abs().max() > 0.3
