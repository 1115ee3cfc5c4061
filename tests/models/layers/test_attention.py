import math

import pytest
import torch

from mvlr_mm.models.layers.attention import Attention


def attend_by_loop(layer, queries, source):
    """Eq. 1 and 2, one query at a time, for (L, D) and (M, D)."""
    values, weights = [], []
    for row in queries:
        q = layer.query.weight @ row
        logits = [
            torch.dot(q, layer.key.weight @ c) / math.sqrt(len(row)) for c in source
        ]
        share = [logit.exp() for logit in logits]
        total = sum(share)
        weights.append(torch.stack([s / total for s in share]))
        values.append(
            sum(
                w * (layer.value.weight @ c)
                for w, c in zip(weights[-1], source, strict=True)
            )
        )
    return torch.stack(values), torch.stack(weights)


@pytest.fixture
def layer():
    torch.manual_seed(0)
    return Attention(6).double()


def test_it_has_three_maps_without_bias_and_nothing_else(layer):
    assert {name: p.shape for name, p in layer.named_parameters()} == {
        'query.weight': (6, 6),
        'key.weight': (6, 6),
        'value.weight': (6, 6),
    }


@pytest.mark.parametrize('is_self', [True, False])
def test_values_map_and_gradients_equal_the_loop(layer, is_self):
    queries = torch.randn(2, 4, 6, dtype=torch.float64, requires_grad=True)
    source = torch.randn(2, 5, 6, dtype=torch.float64, requires_grad=True)
    values, attention = layer(queries) if is_self else layer(queries, source)
    pairs = [
        attend_by_loop(layer, q, q if is_self else c)
        for q, c in zip(queries, source, strict=True)
    ]
    expected_values = torch.stack([v for v, _ in pairs])
    expected_map = torch.stack([m for _, m in pairs])
    torch.testing.assert_close(values, expected_values)
    torch.testing.assert_close(attention, expected_map)

    inputs = [queries, *layer.parameters()] + ([] if is_self else [source])
    weight = torch.randn_like(values)
    got = torch.autograd.grad((values * weight).sum() + attention[..., 0].sum(), inputs)
    want = torch.autograd.grad(
        (expected_values * weight).sum() + expected_map[..., 0].sum(), inputs
    )
    torch.testing.assert_close(got, want)


def test_unbatched_labels_attend_batched_patches(layer):
    labels = torch.randn(3, 6, dtype=torch.float64)
    patches = torch.randn(2, 5, 6, dtype=torch.float64)
    values, attention = layer(labels, patches)
    assert values.shape == (2, 3, 6)
    assert attention.shape == (2, 3, 5)
    torch.testing.assert_close(values[1], layer(labels, patches[1])[0])


def test_bf16_autocast_keeps_the_shapes_and_runs_backward():
    torch.manual_seed(0)
    layer = Attention(8)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        values, attention = layer(torch.randn(2, 4, 8))
    (values.float().sum() + attention.sum()).backward()
    torch.testing.assert_close(attention.sum(-1).float(), torch.ones(2, 4))


@pytest.mark.parametrize('rows', [1, 3, 9])
def test_blocks_of_the_map_give_the_same_values_and_gradients(layer, rows):
    queries = torch.randn(2, 7, 6, dtype=torch.float64, requires_grad=True)
    want, _ = layer(queries)
    got, (q, k) = layer.in_blocks(queries, rows)
    torch.testing.assert_close(got, want)
    torch.testing.assert_close((q @ k.mT).softmax(-1), layer(queries)[1])
    inputs = [queries, *layer.parameters()]
    torch.testing.assert_close(
        torch.autograd.grad(got.sin().sum(), inputs),
        torch.autograd.grad(want.sin().sum(), inputs),
    )
