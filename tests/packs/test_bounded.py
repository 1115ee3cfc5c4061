import pytest
import torch
from torch import nn

from mvlr_mm.packs.bounded import bounded


@pytest.mark.parametrize(
    'make',
    [
        lambda: nn.Linear(2**20, 2**20),
        lambda: torch.zeros(2**40),
        lambda: torch.randn(2**20, 2**20),
        lambda: torch.full((2**40,), 1.0),
        lambda: torch.arange(2**40),
        lambda: torch.linspace(0, 1, 2**40),
        lambda: torch.zeros(2**20, 1) - torch.zeros(2**20),
        lambda: torch.zeros(2**20).repeat(2**20),
        lambda: [torch.zeros(1) for _ in range(10**6)],
    ],
)
def test_what_is_too_large_is_never_made(make):
    with pytest.raises(ValueError, match='its settings ask for'), bounded(2**20):
        make()


def test_a_model_of_the_size_of_its_weights_is_made_as_always():
    torch.manual_seed(0)
    expected = nn.Linear(512, 512).weight
    torch.manual_seed(0)
    with bounded(expected.nbytes):
        made = nn.Linear(512, 512).weight
    assert torch.equal(made, expected)


def test_views_and_values_cost_nothing():
    with bounded(0):
        column = torch.arange(4.0).expand(2**40, 4)[0]
        assert [x.item() for x in column] == [0, 1, 2, 3]
