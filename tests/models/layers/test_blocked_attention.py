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
    largest = 0

    def watch(tensor):
        nonlocal largest
        largest = max(largest, tensor.numel())
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(watch, lambda t: t):
        mix(*parts, rows=1)
    assert 0 < largest < L * M
