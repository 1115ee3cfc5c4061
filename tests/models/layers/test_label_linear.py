import torch

from mvlr_mm.models.layers.label_linear import LabelLinear


def test_is_the_diagonal_of_a_linear_map():
    torch.manual_seed(0)
    layer = LabelLinear(5, 3)
    tokens = torch.randn(2, 3, 5, requires_grad=True)
    found = layer(tokens)
    whole = torch.nn.functional.linear(tokens, layer.weight, layer.bias)  # (2, 3, 3)
    torch.testing.assert_close(found, whole.diagonal(dim1=1, dim2=2))
    inputs = [tokens, layer.weight, layer.bias]
    ours = torch.autograd.grad(found.square().sum(), inputs)
    diagonal = whole.diagonal(dim1=1, dim2=2)
    theirs = torch.autograd.grad(diagonal.square().sum(), inputs)
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b)


def test_weights_begin_in_the_range_of_a_linear_map():
    torch.manual_seed(0)
    ours, torchs = LabelLinear(16, 500), torch.nn.Linear(16, 500)
    for name in ('weight', 'bias'):
        mine, other = (getattr(layer, name) for layer in (ours, torchs))
        assert mine.abs().max() <= 16**-0.5
        for ends in (torch.min, torch.max):
            torch.testing.assert_close(ends(mine), ends(other), rtol=0.02, atol=0)
        torch.testing.assert_close(mine.std(), other.std(), rtol=0.1, atol=0)
