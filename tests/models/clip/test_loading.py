import json
from pathlib import Path

import open_clip
import pytest
import torch
from safetensors.torch import load_file, save_file

from mvlr_mm.models.clip import load_clip, load_text, load_visual


def same(ours, theirs):
    assert set(ours) == set(theirs)
    assert all(torch.equal(value, theirs[name]) for name, value in ours.items())


def part(state, name):
    return {k.removeprefix(name): v for k, v in state.items() if k.startswith(name)}


@pytest.fixture
def custom(tmp_path, tiny_clip):
    """Files of a model whose text tower has a name of its own, and its weights."""
    config = json.loads(Path(tiny_clip('vit')['model']).read_text())
    model = open_clip.CustomTextCLIP(**config)
    save_file(model.state_dict(), tmp_path / 'x.safetensors')
    (tmp_path / 'x.json').write_text(json.dumps(dict(config, custom_text=True)))
    files = [str(tmp_path / f'x.{end}') for end in ('json', 'safetensors')]
    return files, model.state_dict()


def test_the_whole_is_the_model_that_was_saved(tiny_clip, reference_clip):
    same(
        load_clip(**tiny_clip()).state_dict(),
        reference_clip(tiny_clip()).state_dict(),
    )


@pytest.mark.parametrize('kind', ['resnet', 'vit', 'timm'])
def test_each_half_is_that_of_the_whole(tiny_clip, reference_clip, kind):
    files = tiny_clip(kind)
    whole = reference_clip(files).state_dict()
    same(load_visual(**files).state_dict(), part(whole, 'visual.'))
    text = load_text(**files).state_dict()
    same(text, {name: whole[name] for name in text})
    image = {name for name in whole if name.startswith('visual.')}
    assert set(text) == set(whole) - image - {'logit_scale'}
    scale = whole['logit_scale'].exp().item()
    assert load_text(**files).trained_scale == pytest.approx(scale)
    assert load_text(files['model']).trained_scale is None


def test_halves_of_a_model_with_its_own_text_tower(custom):
    files, whole = custom
    same(load_visual(*files).state_dict(), part(whole, 'visual.'))
    same(load_text(*files).state_dict(), part(whole, 'text.'))
    same(load_clip(*files).state_dict(), whole)


def test_only_the_half_is_built(tiny_clip, monkeypatch):
    built = []
    for name in ('_build_vision_tower', '_build_text_tower'):
        monkeypatch.setattr(
            f'open_clip.model.{name}', lambda *_args, name=name: built.append(name)
        )
    load_visual(**tiny_clip())
    load_text(**tiny_clip())
    assert not built  # as a whole would build both


def test_positions_are_resized_as_open_clip_does(tmp_path, tiny_clip):
    files = tiny_clip('vit')
    config = json.loads(Path(files['model']).read_text())
    config['vision_cfg']['image_size'] = 96
    config['text_cfg']['context_length'] = 16
    path = tmp_path / 'larger.json'
    path.write_text(json.dumps(config))
    theirs = open_clip.CLIP(**config)
    open_clip.load_checkpoint(theirs, files['pretrained'])
    ours = load_visual(str(path), files['pretrained'])
    same(ours.state_dict(), part(theirs.state_dict(), 'visual.'))
    text = load_text(str(path), files['pretrained'])
    assert torch.equal(text.positional_embedding, theirs.positional_embedding)


def test_formats_of_others_are_converted_by_open_clip(custom, tmp_path, monkeypatch):
    (model, _), whole = custom
    seen = []

    def load(clip, path):
        seen.append(path)
        clip.load_state_dict(whole)

    monkeypatch.setattr(open_clip, 'load_checkpoint', load)
    other = tmp_path / 'other.safetensors'
    save_file({'image_encoder.w': torch.ones(1)}, other)
    text = load_text(model, str(other))
    same(text.state_dict(), part(whole, 'text.'))
    scale = whole['logit_scale'].exp().item()
    assert text.trained_scale == pytest.approx(scale)
    assert seen == [str(other)]


def test_weights_of_another_model_are_refused(tiny_clip, tmp_path):
    files = tiny_clip('vit')
    with pytest.raises(ValueError, match=r'vit\.safe.*does not fit .*resnet\.json'):
        load_visual(tiny_clip()['model'], files['pretrained'])
    state = load_file(files['pretrained'])
    del state['ln_final.bias']
    save_file(state, tmp_path / 'x.safetensors')
    with pytest.raises(ValueError, match=r': text\.ln_final\.bias is missing\.'):
        load_text(files['model'], str(tmp_path / 'x.safetensors'))
    state['visual.proj'] = state['visual.proj'][:, :3].clone()
    save_file(state, tmp_path / 'x.safetensors')
    with pytest.raises(ValueError, match=r'visual\.proj is \(32, 3\), not \(32, 16\)'):
        load_visual(files['model'], str(tmp_path / 'x.safetensors'))


def test_no_patch_is_dropped_and_nothing_downloaded(tmp_path, tiny_clip):
    files = tiny_clip('timm')
    config = json.loads(Path(files['model']).read_text())
    config['vision_cfg'].update(timm_model_pretrained=True)
    path = tmp_path / 'x.json'
    path.write_text(json.dumps(config))
    load_visual(str(path), files['pretrained'])
    config = json.loads(Path(tiny_clip('vit')['model']).read_text())
    config['vision_cfg']['patch_dropout'] = 0.5
    path.write_text(json.dumps(config))
    assert isinstance(load_visual(str(path)).patch_dropout, torch.nn.Identity)


def test_an_argument_that_open_clip_does_not_have_is_named(tmp_path, tiny_clip):
    config = json.loads(Path(tiny_clip('vit')['model']).read_text())
    config['text_cfg']['depth'] = 3
    path = tmp_path / 'x.json'
    path.write_text(json.dumps(config))
    with pytest.raises(ValueError, match=r'x\.json\): its text_cfg is wrong: .*depth'):
        load_text(str(path))
