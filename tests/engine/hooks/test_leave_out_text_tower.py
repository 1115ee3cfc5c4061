from types import SimpleNamespace

import pytest
import torch
from mmpretrain.registry import HOOKS

HOOK = HOOKS.build(dict(type='LeaveOutTextTower'))
TOWER = 'neck.prompt.text_encoder.'


def checkpoint(model, average=None):
    found = {'state_dict': model.state_dict()}
    if average is not None:
        state = average.state_dict()
        found['ema_state_dict'] = {f'module.{k}': v for k, v in state.items()}
    return found


def towers(state_dict):
    return [key for key in state_dict if TOWER in key]


@pytest.mark.parametrize('average', [False, True])
def test_the_tower_is_left_out_of_weights_and_average(make_model, average):
    model = make_model(seed=1)
    stored = checkpoint(model, make_model(seed=2) if average else None)
    HOOK.before_save_checkpoint(SimpleNamespace(model=model), stored)
    assert towers(stored['state_dict']) == [f'{TOWER}left_out']
    if average:
        assert towers(stored['ema_state_dict']) == [f'module.{TOWER}left_out']
    loaded = make_model()
    loaded.load_state_dict(stored['state_dict'])
    for key, value in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[key], value)


@pytest.mark.parametrize('changed', ['model', 'average'])
def test_a_tower_that_has_trained_stays_in(make_model, changed):
    parts = dict(model=make_model(seed=1), average=make_model(seed=2))
    with torch.no_grad():
        parts[changed].neck.prompt.text_encoder.ln_final.bias[0] += 1
    stored = checkpoint(**parts)
    expected = [set(part) for part in stored.values()]
    HOOK.before_save_checkpoint(SimpleNamespace(model=parts['model']), stored)
    assert [set(part) for part in stored.values()] == expected
    loaded = make_model()
    loaded.load_state_dict(stored['state_dict'])
    found, expected = (
        m.neck.prompt.text_encoder.ln_final.bias for m in (loaded, parts['model'])
    )
    assert torch.equal(found, expected)


def test_random_towers_stay_in(make_model, tiny_clip):
    random = dict(type='CLIPTextEncoder', model=tiny_clip()['model'])
    model = make_model(text_encoder=random)
    stored = checkpoint(model)
    HOOK.before_save_checkpoint(SimpleNamespace(model=model), stored)
    assert set(stored['state_dict']) == set(model.state_dict())
