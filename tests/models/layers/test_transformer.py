import math

import pytest
import torch
from torch import nn
from torch.nn.functional import gelu, layer_norm

from mvlr_mm.models.layers.transformer import MultiHeadAttention, TransformerBlock


def attend_by_loop(layer, queries, source):
    """Section 3.2.2 of Vaswani et al., one head at a time, for (L, D) and (M, D)."""
    q, k, v = layer.query(queries), layer.key(source), layer.value(source)
    heads = []
    for part in torch.arange(q.shape[1]).chunk(layer.num_heads):
        logits = q[:, part] @ k[:, part].T / math.sqrt(len(part))
        heads.append(logits.softmax(-1) @ v[:, part])
    return torch.cat(heads, dim=1) @ layer.out.weight.T + layer.out.bias


def run_by_formula(block, tokens, source=None):
    def normed(layer, x):
        return layer_norm(x, x.shape[-1:], layer.weight, layer.bias, layer.eps)

    own = normed(block.self_norm, tokens)
    tokens = tokens + attend_by_loop(block.self_attention, own, own)
    if source is not None:
        own, other = (
            normed(block.cross_norm, tokens),
            normed(block.source_norm, source),
        )
        tokens = tokens + attend_by_loop(block.cross_attention, own, other)
    norm, into, _, out = block.mlp
    hidden = gelu(normed(norm, tokens) @ into.weight.T + into.bias)
    return tokens + hidden @ out.weight.T + out.bias


@pytest.fixture(params=[False, True], ids=['encoder', 'decoder'])
def block(request):
    torch.manual_seed(0)
    block = TransformerBlock(12, num_heads=3, mlp_ratio=2, cross=request.param).double()
    for parameter in block.parameters():  # so that every bias and norm counts
        nn.init.normal_(parameter, std=0.5)
    return block


def test_values_and_gradients_equal_the_formulas(block):
    tokens = torch.randn(2, 5, 12, dtype=torch.float64, requires_grad=True)
    source = torch.randn(2, 7, 12, dtype=torch.float64, requires_grad=True)
    inputs = [tokens, *block.parameters()]
    if block.cross_attention is None:
        y = block(tokens)
        want = torch.stack([run_by_formula(block, t) for t in tokens])
    else:
        inputs.append(source)
        y = block(tokens, source)
        pairs = zip(tokens, source, strict=True)
        want = torch.stack([run_by_formula(block, t, c) for t, c in pairs])
    torch.testing.assert_close(y, want)
    torch.testing.assert_close(
        torch.autograd.grad(y.sin().sum(), inputs),
        torch.autograd.grad(want.sin().sum(), inputs),
    )


@pytest.mark.parametrize('cross', [False, True])
def test_zero_init_is_the_identity(cross):
    block = TransformerBlock(12, num_heads=3, cross=cross, zero_init=True)
    tokens, source = torch.randn(2, 5, 12), torch.randn(2, 7, 12)
    assert torch.equal(block(tokens, source), tokens)


def test_heads_that_do_not_divide_are_named():
    with pytest.raises(ValueError, match=r'embed_dim \(12\).*num_heads \(5\)'):
        MultiHeadAttention(12, 5)


def test_checkpoints_with_the_old_name_of_a_norm_load():
    block, old = (TransformerBlock(8, 2, cross=True) for _ in range(2))
    torch.nn.init.normal_(old.source_norm.weight)
    state = {
        k.replace('source_norm', 'context_norm'): v for k, v in old.state_dict().items()
    }
    block.load_state_dict(state)
    assert torch.equal(block.source_norm.weight, old.source_norm.weight)


def test_weights_of_the_map_are_dropped_in_training_alone():
    torch.manual_seed(0)
    layer = MultiHeadAttention(4, num_heads=2, dropout=0.25)
    with torch.no_grad():  # out comes the sum of a row of the map, 1 for each head
        layer.value.weight.zero_()
        layer.value.bias.fill_(1.0)
        layer.out.weight.copy_(torch.eye(4))
    tokens = torch.randn(400, 5, 4)
    found = layer(tokens, tokens)
    assert found.std() > 0.1
    assert abs(found.mean() - 1) < 0.02  # what stays weighs more
    ones = torch.ones(400, 5, 4)
    torch.testing.assert_close(layer.eval()(tokens, tokens), ones)
