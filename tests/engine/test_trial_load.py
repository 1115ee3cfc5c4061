import copy

import pytest
import torch
from torch import nn

from mvlr_mm.engine.trial_load import try_load
from mvlr_mm.models.layers.named_rows import NamedRows


class Rows(NamedRows):
    named_rows = ('fc.weight',)

    def __init__(self, classes=None):
        super().__init__()
        self.classes = classes
        self.fc = nn.Linear(2, 2)
        self.norm = nn.BatchNorm1d(2)


def test_it_tells_what_torch_tells_and_changes_nothing():
    model = nn.Sequential(Rows())
    before = copy.deepcopy(model.state_dict())
    weights = nn.Sequential(Rows(('a', 'b'))).state_dict()
    del weights['0.fc.bias']
    weights |= {'0.fc.more': torch.ones(1), '0.norm.weight': torch.ones(3)}
    given = dict(weights)
    missing, unexpected, errors = try_load(model, weights, weights._metadata)
    assert weights == given
    assert (missing, unexpected) == (['0.fc.bias'], ['0.fc.more'])
    assert len(errors) == 1
    assert 'size mismatch for 0.norm.weight' in errors[0]
    after = model.state_dict()
    assert set(after) == set(before)
    assert all(torch.equal(after[key], before[key]) for key in before)
    found = copy.deepcopy(model).load_state_dict(
        {k: v for k, v in weights.items() if 'norm.weight' not in k}, strict=False
    )
    assert found.unexpected_keys == unexpected
    assert found.missing_keys == ['0.fc.bias', '0.norm.weight']


def test_names_are_not_taken_on_trial_even_if_it_fails():
    class Refusing(nn.Module):
        def _load_from_state_dict(self, *args):
            raise ValueError('never')

    rows = Rows()
    weights = nn.Sequential(Rows(('a', 'b'))).state_dict()
    for model in (nn.Sequential(rows), nn.Sequential(rows, Refusing())):
        if len(model) == 1:
            try_load(model, weights, {})
        else:
            with pytest.raises(ValueError, match='never'):
                try_load(model, weights, {})
        assert rows.classes is None
