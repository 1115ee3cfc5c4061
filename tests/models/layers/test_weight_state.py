import copy

import pytest
import torch
from torch import nn

from mvlr_mm.models.layers.weight_state import WeightState


class Tower(nn.Module):
    """Something that trains, and something frozen that is large and small."""

    def __init__(self):
        super().__init__()
        self.trained = nn.Linear(300, 301)  # more than 65,536 numbers
        self.large = nn.Linear(300, 301).requires_grad_(False)
        self.small = nn.LayerNorm(8).requires_grad_(False)
        self.odd = nn.Parameter(torch.randn(3, dtype=torch.bfloat16))
        self.register_buffer('ids', torch.arange(5))


@pytest.fixture
def tower():
    return Tower()


def step(**options):
    def change(tower):
        optimizer = torch.optim.AdamW(tower.trained.parameters(), **options)
        for parameter in tower.trained.parameters():
            parameter.grad = torch.ones_like(parameter)
        optimizer.step()

    return change


def swap_as_ema(tower):
    """As EMAHook does it, value by value through ``.data``."""
    for parameter in tower.trained.parameters():
        kept = parameter.data.clone()
        parameter.data.copy_(kept + 1e-6)


def swap(tensor, one, other):
    kept = tensor[[other, one]]
    tensor[[one, other]] = kept


def from_vector(tower):
    vector = nn.utils.parameters_to_vector(tower.large.parameters())
    nn.utils.vector_to_parameters(vector, tower.large.parameters())


CHANGES = {
    'optimizer': step(foreach=True),
    'optimizer of loops': step(foreach=False),
    'fused optimizer': step(fused=True),
    'ema': swap_as_ema,
    'vector_to_parameters': from_vector,
    'load a part': lambda t: t.large.load_state_dict(t.large.state_dict()),
    'load by assignment': lambda t: t.small.load_state_dict(
        copy.deepcopy(t.small.state_dict()), assign=True
    ),
    'another part': lambda t: setattr(t, 'large', nn.Linear(300, 301)),
    'another buffer': lambda t: setattr(t, 'ids', torch.arange(5)),
    'a new part': lambda t: t.small.add_module('adapter', nn.Linear(1, 1)),
    'one bit of what trains': lambda t: t.trained.weight.data[3, 5].mul_(1.000001),
    'one bit in bfloat16': lambda t: t.odd.data[1].mul_(1.01),
    'one number of a small one': lambda t: t.small.bias.data[2].fill_(1e-20),
    'places changed': lambda t: swap(t.trained.weight.data[3], 4, 100),
    'rows changed': lambda t: swap(t.trained.weight.data, 3, 299),
    'an end changed': lambda t: swap(t.trained.weight.data, 299, 300),
    'places of a small one': lambda t: swap(t.odd.data, 0, 2),
    'an index': lambda t: t.ids[1].fill_(3),
    'a cast': lambda t: t.double(),
}


@pytest.mark.parametrize('change', CHANGES)
def test_a_change_is_seen(tower, change):
    state = WeightState(tower)
    assert state.same()
    with torch.no_grad():
        CHANGES[change](tower)
    assert not state.same()


def test_what_changes_no_weight_is_not_one(tower):
    state = WeightState(tower)
    tower.trained(torch.ones(2, 300)).sum().backward()
    tower.zero_grad()
    assert state.same()


def test_other_tensors_belong_to_it_too(tower):
    tensor = torch.ones(3)
    state = WeightState(tower, (tensor,))
    assert state.same((tensor,))
    assert not state.same((tensor.clone(),))
    assert not state.same()
    tensor.add_(1)
    assert not state.same((tensor,))


def test_functional_call_is_seen_and_its_end(tower):
    state = WeightState(tower.trained)
    weights = {k: v.clone() for k, v in tower.trained.named_parameters()}
    seen = []
    tower.trained.register_forward_hook(lambda *_: seen.append(state.same()))
    torch.func.functional_call(tower.trained, weights, torch.ones(1, 300))
    assert seen == [False]
    assert state.same()
    assert state.untouched()


def test_weights_made_in_inference_mode():
    with torch.inference_mode():
        layer = nn.Linear(3, 3)
        state = WeightState(layer)
        assert state.same()
        layer.weight.mul_(2)
        assert not state.same()


def test_weights_of_vmap_have_no_state():
    layer = nn.Linear(3, 3)

    def run(weight):
        with pytest.raises(RuntimeError, match='data pointer'):
            WeightState(layer, (weight,))
        return weight

    torch.func.vmap(run)(layer.weight)


@pytest.mark.parametrize('name', ['trained.bias', 'small.weight', 'odd', 'ids'])
def test_each_single_number_counts(tower, name):
    *owner, last = name.split('.')
    tensor = getattr(tower.get_submodule('.'.join(owner)), last)
    for place in range(len(tensor)):
        state = WeightState(tower)
        tensor.data[place] += 1
        assert not state.same(), place
