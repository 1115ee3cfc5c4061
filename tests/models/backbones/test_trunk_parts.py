import torch
from torch import nn

from mvlr_mm.models.backbones.trunk_parts import parts_of, without


def trunk():
    blocks = nn.Sequential(nn.Sequential(nn.Linear(2, 3), nn.ReLU()), nn.Linear(3, 4))
    return nn.ModuleDict(dict(stem=nn.Linear(5, 2), blocks=blocks))


def test_parts_are_the_members_of_sequences_and_of_what_is_wrapped():
    expected = ['stem', 'blocks.0.0', 'blocks.0.1', 'blocks.1']
    assert list(parts_of(trunk(), 'a')) == [f'a.{name}' for name in expected]
    wrapped = nn.ModuleDict(dict(inner=trunk()))
    assert list(parts_of(wrapped, 'a')) == [f'a.inner.{name}' for name in expected]
    assert list(parts_of(nn.Linear(2, 2), 'a')) == []


def test_without_parts_the_others_are_shared_and_the_whole_stays():
    whole = nn.Sequential(
        nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 4)), nn.Linear(4, 5)
    )
    x, y = torch.rand(6, 2), torch.rand(6, 3)
    before = whole(x)
    rest = without(whole, ['0.0'])
    assert torch.equal(rest(whole[0][0](x)), before)
    assert torch.equal(whole(x), before)
    rest(y).sum().backward()
    assert whole[0][0].weight.grad is None
    assert torch.equal(whole[0][1].weight.grad, rest[0][1].weight.grad)
    assert whole[1].weight.grad is not None
