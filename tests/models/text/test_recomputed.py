import pytest
import torch
from torch import nn

from mvlr_mm.models.text.recomputed import encode_recomputed

PARTS = [
    torch.randn(size, 3, generator=torch.Generator().manual_seed(size))
    for size in (4, 1, 3)
]


@pytest.fixture
def encode():
    torch.manual_seed(0)
    layer = nn.Linear(3, 3).double().requires_grad_(False)

    def run(part, prompt):
        return torch.tanh(layer(part.to(prompt.dtype) * prompt.sum(0))) * prompt[0]

    return run


def test_values_and_gradient_are_those_of_one_graph(encode):
    prompt = torch.randn(2, 3, dtype=torch.double, requires_grad=True)
    weight = torch.randn(8, 3, dtype=torch.double)
    plain = torch.cat([encode(part, prompt) for part in PARTS])
    (expected,) = torch.autograd.grad((plain * weight).sum(), prompt)
    got = encode_recomputed(encode, PARTS, prompt)
    torch.testing.assert_close(got, plain)
    (gradient,) = torch.autograd.grad((got * weight).sum(), prompt)
    torch.testing.assert_close(gradient, expected)


def test_gradient_is_that_of_finite_differences(encode):
    prompt = torch.randn(2, 3, dtype=torch.double, requires_grad=True)
    assert torch.autograd.gradcheck(
        lambda prompt: encode_recomputed(encode, PARTS, prompt), prompt
    )


def test_nothing_but_the_prompt_is_kept_for_the_backward(encode):
    kept = []

    def pack(tensor):
        kept.append(tensor)
        return tensor

    prompt = torch.randn(2, 3, dtype=torch.double, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        encode_recomputed(encode, PARTS, prompt)
    assert [tensor.shape for tensor in kept] == [prompt.shape]


def test_parts_are_computed_again_in_the_precision_of_the_first_time():
    layer, seen = nn.Linear(3, 3).requires_grad_(False), []

    def run(part, prompt):
        seen.append(layer(part * prompt[0]).dtype)
        return layer(part * prompt[0]).float()

    prompt = torch.randn(2, 3, requires_grad=True)
    with torch.autocast('cpu', torch.bfloat16):
        encoded = encode_recomputed(run, PARTS, prompt)
    encoded.sum().backward()
    assert seen == [torch.bfloat16] * 2 * len(PARTS)


def test_without_gradient_for_the_prompt_there_is_none(encode):
    prompt = torch.randn(2, 3, dtype=torch.double)
    assert not encode_recomputed(encode, PARTS, prompt).requires_grad
