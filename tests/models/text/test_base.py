import copy

import pytest
import torch
from torch import nn

from mvlr_mm.models.text import TextEncoder, TokenBatch


class Tower(TextEncoder):
    def __init__(self):
        super().__init__()
        self.layer = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5))
        self.freeze()

    def tokenize(self, texts, prompt_length=0):
        raise AssertionError

    def forward(self, tokens, prompt=None):
        raise AssertionError

    def embed_words(self, text):
        raise AssertionError


def test_tower_never_trains_nor_leaves_eval_mode():
    parent = nn.ModuleDict(dict(tower=Tower(), other=nn.Dropout())).train()
    assert parent['other'].training
    assert not any(m.training for m in parent['tower'].modules())
    assert not any(p.requires_grad for p in parent['tower'].parameters())


def test_init_weights_keeps_what_was_loaded():
    tower = Tower()
    before = tower.layer[0].weight.clone()
    tower.init_weights()
    assert torch.equal(tower.layer[0].weight, before)


def test_tokens_move_together():
    tokens = TokenBatch(torch.zeros(2, 3).long(), torch.ones(2, 3).bool())
    moved = tokens.to(torch.device('meta'))
    assert isinstance(moved, TokenBatch)
    assert moved.ids.is_meta
    assert moved.mask.is_meta


def built(name='a, b', seed=0):
    torch.manual_seed(seed)
    tower = Tower()
    tower.freeze(name)
    return nn.ModuleDict(dict(tower=tower, other=nn.Linear(1, 1)))


def without_tower(model):
    state = model.state_dict()
    assert model['tower'].is_as_built(model['tower'].state_dict())
    model['tower'].leave_out(state, 'tower.')
    assert set(state) == {'tower.left_out', 'other.weight', 'other.bias'}
    return state


def test_a_tower_that_was_left_out_is_the_one_that_is_built():
    model, other = built(), built('elsewhere/a, b')
    with torch.no_grad():
        model['other'].weight += 1
    other.load_state_dict(without_tower(model))  # strict, and by the weights
    assert torch.equal(other['other'].weight, model['other'].weight)
    weights = model['tower'].state_dict(), other['tower'].state_dict()
    assert all(torch.equal(weights[0][key], weights[1][key]) for key in weights[0])


@pytest.mark.parametrize(('name', 'seed'), [('a, c', 1), (None, 0)])
def test_another_tower_is_refused(name, seed):
    message = rf'^tower: .* text tower a, b, .* \({name or "random ones"}\); build'
    with pytest.raises(ValueError, match=message):
        built(name, seed).load_state_dict(without_tower(built()), strict=False)


def test_weights_that_were_loaded_since_are_not_those_of_the_note():
    model, left_out = built(), without_tower(built())
    first = {k: v.clone() for k, v in model.state_dict().items()}
    model.load_state_dict(left_out, strict=False)
    model.load_state_dict({k: v + 1 for k, v in first.items()})
    for one in (model, copy.deepcopy(model)):
        with pytest.raises(ValueError, match='other weights were loaded into it since'):
            one.load_state_dict(left_out, strict=False)
    model.load_state_dict(first)
    model.load_state_dict(left_out, strict=False)
    copy.deepcopy(model).bfloat16().load_state_dict(left_out, strict=False)


def test_a_tower_in_the_checkpoint_is_loaded():
    model, other = built(seed=1), built(seed=2)
    other.load_state_dict(model.state_dict())
    assert torch.equal(other['tower'].layer[0].weight, model['tower'].layer[0].weight)
    assert not other['tower'].is_as_built(other['tower'].state_dict())


def test_without_tower_and_note_its_weights_are_missing():
    state = without_tower(built())
    del state['tower.left_out']
    with pytest.raises(RuntimeError, match=r'Missing key.*tower\.layer\.0\.weight'):
        built().load_state_dict(state)


def test_a_changed_or_random_tower_is_not_as_built():
    tower = built()['tower']
    with torch.no_grad():
        tower.layer[0].bias[1] += 1e-6
    assert not tower.is_as_built(tower.state_dict())
    random = built(None)['tower']
    assert not random.is_as_built(random.state_dict())
