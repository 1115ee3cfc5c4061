from pickle import UnpicklingError

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from mvlr_mm.models.clip import read_clip_config
from mvlr_mm.models.clip.weights import check_fit, find_weights, read_weights

STATE = {
    'visual.proj': torch.ones(2, 2),
    'text_projection': torch.zeros(2, 2),
    'logit_scale': torch.ones(()),
}


def find(model, pretrained):
    return find_weights(model, read_clip_config(model), pretrained)


def test_tags_and_paths(tmp_path):
    assert find('RN50-quickgelu', None) is None
    save_file(STATE, tmp_path / 'x.safetensors')
    path = tmp_path / 'x.safetensors'
    assert find('RN50-quickgelu', str(path)) == path
    with pytest.raises(FileNotFoundError, match=r"open_clip has \['openai'"):
        find('RN50-quickgelu', 'opanai')


@pytest.mark.parametrize(
    ('model', 'tag'),
    [('RN50', 'openai'), ('ViT-B-16', 'metaclip_400m'), ('ViT-H-14', 'dfn5b')],
)
def test_weights_of_quick_gelu_need_a_model_that_has_it(model, tag):
    with pytest.raises(ValueError, match=rf"QuickGELU.*'{model}-quickgelu'"):
        find(model, tag)


def test_a_download_that_fails_says_what_to_give(monkeypatch):
    def fail(_cfg):
        raise RuntimeError('offline')

    monkeypatch.setattr('mvlr_mm.models.clip.weights.download_pretrained', fail)
    with pytest.raises(OSError, match=r"'openai'.*RuntimeError.*path of a weights"):
        find('RN50-quickgelu', 'openai')


@pytest.mark.parametrize('end', ['safetensors', 'pt'])
def test_each_tower_has_its_tensors(tmp_path, end):
    path = tmp_path / f'x.{end}'
    if end == 'pt':  # as open_clip's training writes it
        torch.save({'state_dict': {f'module.{k}': v for k, v in STATE.items()}}, path)
    else:
        save_file(STATE, path)
    assert list(read_weights(path, 'visual')) == ['visual.proj']
    assert set(read_weights(path, 'text')) == {'text_projection', 'logit_scale'}


def test_of_safetensors_the_other_tower_is_not_read(tmp_path, monkeypatch):
    save_file(STATE, tmp_path / 'x.safetensors')
    read = []

    class Opened:
        def __init__(self, *_args, **_kwargs): ...
        def __enter__(self):
            return self

        def __exit__(self, *_args): ...
        def keys(self):
            return list(STATE)

        def get_tensor(self, name):
            read.append(name)
            return STATE[name]

    monkeypatch.setattr('mvlr_mm.models.clip.weights.safe_open', Opened)
    read_weights(tmp_path / 'x.safetensors', 'visual')
    assert read == ['visual.proj']


def test_formats_of_others_are_left_to_open_clip(tmp_path):
    save_file({'image_encoder.w': torch.ones(1)}, tmp_path / 'x.safetensors')
    assert read_weights(tmp_path / 'x.safetensors', 'visual') is None
    assert read_weights(tmp_path / 'x.safetensors', 'text') is None
    np.savez(tmp_path / 'x.npz', a=np.ones(2))
    assert read_weights(tmp_path / 'x.npz', 'text') is None


def damage(path, kind):
    if kind == 'cut':
        path.write_bytes(path.read_bytes()[:-7])
    elif kind == 'empty':
        path.write_bytes(b'')
    elif kind == 'text':
        path.write_text('version https://git-lfs.github.com/spec/v1\nsize 9\n')
    elif kind == 'script':
        torch.jit.script(torch.nn.Linear(1, 1)).save(str(path))
    else:
        torch.save({'visual.x': object}, path)


@pytest.mark.parametrize('kind', ['cut', 'empty', 'text', 'script', 'object'])
@pytest.mark.parametrize('end', ['safetensors', 'pt'])
def test_damaged_files_are_named_without_unsafe_advice(tmp_path, end, kind):
    path = tmp_path / f'x.{end}'
    if end == 'safetensors':
        save_file(STATE, path)
    else:
        torch.save(STATE, path)
    damage(path, kind)
    errors, message = (ValueError, UnpicklingError), rf'x\.{end} is (\w+|a \w+).*[;,]'
    with pytest.raises(errors, match=message) as caught:
        read_weights(path, 'visual')
    assert 'weights_only' not in str(caught.value)


def test_weights_of_another_model_are_refused(tmp_path):
    shapes = {'a': torch.Size([2]), 'b': torch.Size([3, 4])}
    check_fit(shapes, dict(shapes), tmp_path, 'm')
    for wanted, given, fault in (
        (shapes, {'a': shapes['a']}, 'in 1 tensors: b is missing'),
        ({}, shapes, r'in 2 tensors: a is too much; b is too much\.'),
        (shapes, shapes | {'a': shapes['b']}, r'a is \(3, 4\), not \(2,\)'),
    ):
        with pytest.raises(ValueError, match=rf'fit model \(m\) .*{fault}'):
            check_fit(wanted, given, tmp_path, 'm')
