import argparse
import os
from pickle import UnpicklingError

import pytest
import timm
import torch
from mmpretrain.registry import MODELS
from safetensors.torch import save_file

NAME = 'mobilenetv3_small_050'


class Hostile:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def build(path):
    return MODELS.build(
        dict(type='TIMMBackbone', model_name=NAME, checkpoint_path=str(path))
    )


@pytest.fixture(scope='module')
def weights():
    torch.manual_seed(0)
    return timm.create_model(NAME).state_dict()


@pytest.mark.parametrize('form', ['safetensors', 'pth', 'with arguments'])
def test_weights_are_loaded(tmp_path, weights, form):
    path = tmp_path / f'a.{"safetensors" if form == "safetensors" else "pth"}'
    if form == 'safetensors':
        save_file(weights, str(path))
    elif form == 'pth':
        torch.save(weights, path)
    else:
        torch.save(dict(state_dict=weights, args=argparse.Namespace(lr=0.1)), path)
    found = build(path).timm_model.state_dict()
    assert found.keys() < weights.keys()
    for key, value in found.items():
        torch.testing.assert_close(value, weights[key], rtol=0, atol=0)


@pytest.mark.parametrize('release', ['installed', 'one that unpickles'])
def test_a_hostile_file_is_refused_and_nothing_runs(
    tmp_path, weights, monkeypatch, release
):
    if release != 'installed':
        load = torch.load
        monkeypatch.setattr(
            'mvlr_mm.engine.timm_checkpoint._load_state_dict',
            lambda path, *args, **kwargs: load(path, weights_only=False),
        )
    path = tmp_path / 'a.pth'
    torch.save(dict(state_dict=weights, extra=Hostile(tmp_path / 'ran')), path)
    with pytest.raises(UnpicklingError, match=r'a\.pth .* nothing of it has run'):
        build(path)
    assert not (tmp_path / 'ran').exists()


def test_what_is_wrong_with_a_file_is_said(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'none\.pth does not exist; give'):
        build(tmp_path / 'none.pth')
    (tmp_path / 'cut.pth').write_bytes(b'')
    with pytest.raises(ValueError, match=r'cut\.pth is empty'):
        build(tmp_path / 'cut.pth')
