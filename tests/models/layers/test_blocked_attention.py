import pytest
import torch

from mvlr_mm.models.layers.blocked_attention import attend_in_blocks

L, M, D = 11, 7, 4


def draw(*shape):
    return torch.randn(shape, dtype=torch.float64, requires_grad=True)


@pytest.fixture
def parts():
    """A weight, a map shared by all images, a map of each image, and values."""
    torch.manual_seed(0)
    weight = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    return weight, draw(L, D), draw(M, D), draw(2, L, D), draw(2, M, D), draw(2, M, D)


def mix(weight, q, k, q2, k2, values, rows):
    return attend_in_blocks([(weight, q, k), (1 - weight, q2, k2)], values, rows)


@pytest.mark.parametrize('rows', [1, 4, 11, 20])
def test_values_and_gradients_are_those_of_the_whole_maps(parts, rows):
    weight, q, k, q2, k2, values = parts
    maps = [(a @ b.mT).softmax(-1) for a, b in ((q, k), (q2, k2))]
    want = (weight * maps[0] + (1 - weight) * maps[1]) @ values
    got = mix(*parts, rows)
    torch.testing.assert_close(got, want)
    torch.testing.assert_close(
        torch.autograd.grad(got.sin().sum(), parts),
        torch.autograd.grad(want.sin().sum(), parts),
    )


def test_no_map_is_kept_for_the_backward(parts):
    shapes = []

    def watch(tensor):
        shapes.append(tensor.shape)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(watch, lambda t: t):
        mix(*parts, rows=L)
    assert shapes
    assert all(shape[-2:] != (L, M) for shape in shapes)


def test_the_backward_runs_in_the_precision_of_the_forward(parts):
    weight, q, k, _, _, values = (v.detach().float().requires_grad_() for v in parts)
    inputs = [weight, q, k, values]
    results = []
    with torch.autocast('cpu', torch.bfloat16):
        got = attend_in_blocks([(weight, q, k)], values, 4)
        want = (weight * (q @ k.mT).softmax(-1)).to(values.dtype) @ values
    for out in (got.float(), want.float()):
        results.append((out, *torch.autograd.grad(out.sin().sum(), inputs)))
    torch.testing.assert_close(*results, rtol=3e-2, atol=3e-2)


def test_a_second_gradient_is_refused(parts):
    out = mix(*parts, rows=4)
    (first,) = torch.autograd.grad(out.sin().sum(), parts[1], create_graph=True)
    with pytest.raises(RuntimeError, match='once_differentiable'):
        first.sum().backward()
