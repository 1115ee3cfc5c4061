import dataclasses
import json
import pickle
import socket

import numpy as np
import pytest
import torch
from PIL import Image

from mvlr_mm.apis import MultiLabelInferencer
from mvlr_mm.labels.scale import NameScale
from mvlr_mm.loaded_model import build_model
from mvlr_mm.packs import build, load_pack, read_pack, write_pack

PICTURES = torch.randn(2, 3, 64, 48, generator=torch.Generator().manual_seed(0))
CLASSES = ['cat', 'traffic light', 'boat']
OTHERS = ['sheep', 'cat', 'street lamp']


@torch.no_grad()
def scores(model, pictures=PICTURES):
    return model(pictures)


def test_the_model_is_that_of_the_checkpoint_bit_for_bit(loaded, packed):
    model = build(read_pack(packed))
    own = loaded.model.state_dict()
    found = model.state_dict()
    assert found.keys() == own.keys()
    assert all(v.dtype == own[k].dtype for k, v in found.items())
    assert all(torch.equal(v, own[k]) for k, v in found.items())
    assert torch.equal(scores(model), scores(loaded.model))
    assert not model.training


@pytest.mark.parametrize('kind', ['vit', 'timm'])
def test_other_towers(make, kind, tmp_path):
    given = make(kind=kind)
    model = build(write_pack(tmp_path / 'pack', given))
    assert torch.equal(scores(model), scores(given.model))


def test_it_takes_labels_that_were_never_trained(loaded, packed):
    found = load_pack(packed).model
    before = build_model(loaded.config)
    before.load_state_dict(loaded.model.state_dict())
    for model in (found, before):
        model.neck.set_classes(OTHERS)
    assert torch.equal(scores(found), scores(before.eval()))


def test_it_says_what_a_user_has_to_know(packed):
    pack = read_pack(packed)
    about = pack.about
    assert pack.classes == ('cat', 'traffic light', 'boat')
    assert pack.thresholds == {'cat': 0.25, 'traffic light': np.inf, 'boat': 0.7}
    assert about.temperatures == dict.fromkeys(pack.classes, 1.5)
    assert about.templates == {'prompt': 'This photo contains {}.'}
    assert about.quick_gelu is False
    assert about.text
    assert (about.protocol['name'], about.protocol['thr']) == ('asl', 0.8)
    assert about.metrics == {'mlgcn/mAP': 71.25, 'mlgcn/CF1': None}
    assert about.licence == 'CC-BY-4.0'
    assert about.model['data_preprocessor']['std'] == [60.5] * 3
    assert pack.pipeline[1]['scale'] == (64, 48)


def test_an_inferencer_takes_it(loaded, packed):
    rng = np.random.default_rng(0)
    picture = Image.fromarray(rng.integers(0, 255, (70, 90, 3), np.uint8))
    own, found = (
        MultiLabelInferencer(source, device='cpu')(
            [picture], thr='stored', fmt=('tags', 'scores')
        )[0]
        for source in (loaded, packed)
    )
    assert np.array_equal(own.scores, found.scores)
    assert own.tags == found.tags


def test_no_value_names_a_file_or_an_address(packed, tiny_clip):
    about = read_pack(packed).about
    text = json.dumps([about.model, about.pipeline])
    for path in tiny_clip().values():
        assert path not in text
    for sign in ('/', '.json', '.safetensors', 'pretrained'):
        assert sign not in text


def test_loading_unpickles_nothing_and_asks_no_network(packed, monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError

    for module, name in (
        (torch, 'load'),
        (pickle, 'load'),
        (pickle, 'loads'),
        (pickle, 'Unpickler'),
        (socket, 'create_connection'),
        (socket.socket, 'connect'),
    ):
        monkeypatch.setattr(module, name, refuse)
    load_pack(packed)


def test_the_maker_is_known_by_the_sha256(packed):
    own = read_pack(packed).sha256
    assert load_pack(packed, sha256=own.upper()).classes
    with pytest.raises(ValueError, match='another pack than the one asked for'):
        read_pack(packed, '0' * 64)


def change(folder, place, value):
    """Write a value at a dotted place of the description."""
    path = folder / 'pack.json'
    content = inner = json.loads(path.read_text())
    *outer, last = place.split('.')
    for key in outer:
        inner = inner[int(key) if key.isdigit() else key]
    inner[int(last) if last.isdigit() else last] = value
    path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    ('place', 'value', 'reason'),
    [
        ('model.clip.model.text_cfg.vocab_size', 2**24, 'ask for more than'),
        ('model.clip.model.vision_cfg.width', 2**20, 'ask for more than'),
        ('model.neck.prompt.num_tokens', 5, r'prompt\.context'),
        ('model.neck.fusion.hidden_dim', 64, 'does not fit the model'),
        ('model.neck.fusion.hidden_dim', -1, 'builds no model'),
        ('model.neck.fusion.colour', 3, 'builds no model'),
        ('model.head.type', 'ResNet', 'builds no model'),
        ('model.neck.prompt.template', 'A photo of a {}.', 'the template'),
    ],
)
def test_settings_that_do_not_fit_the_weights(folder, sign, place, value, reason):
    change(folder, place, value)
    sign(folder)
    with pytest.raises(ValueError, match=reason):
        build(read_pack(folder))


def test_other_labels_than_those_of_the_weights(folder, sign):
    text = (folder / 'pack.json').read_text()
    (folder / 'pack.json').write_text(text.replace('"boat"', '"ship"'))
    sign(folder)
    with pytest.raises(ValueError, match="only in the checkpoint: 'boat'"):
        build(read_pack(folder))


@pytest.mark.parametrize('names', [CLASSES[::-1], ['dog', *CLASSES[1:]], ['cat']])
def test_other_names_of_the_scores_than_the_model_has(folder, sign, names):
    for key in ('thresholds', 'temperatures'):
        change(folder, key, None)
    change(folder, 'classes', names)
    sign(folder)
    with pytest.raises(ValueError, match='its labels are not those under `classes`'):
        load_pack(folder)


@pytest.mark.parametrize(
    ('place', 'value', 'reason'),
    [
        ('pipeline.1.colour', 3, "no pipeline: .*'colour'"),
        ('pipeline.1', {'scale': [8, 8]}, 'a step of the pipeline has no type'),
        ('pipeline.1.scale', [8, 5000], r'scale \(\[8, 5000\]\) .* is above 4096'),
        ('pipeline.1.scale_factor', 17.0, r'scale_factor \(17.0\) .* is above 16'),
    ],
)
def test_transforms_that_cannot_be_built(folder, sign, place, value, reason):
    change(folder, place, value)
    sign(folder)
    with pytest.raises(ValueError, match=reason):
        load_pack(folder)


def test_a_scale_of_new_names_goes_along(make, sign, tmp_path):
    patches = torch.randn(3, 6, 16).half()
    given = make()
    scale = NameScale(given.classes, ('sky',), 0.5, -2.0, 'ab', (2, 3), patches)
    given = dataclasses.replace(given, name_scale=scale)
    folder = tmp_path / 'pack'
    pack = write_pack(folder, given)
    assert (pack.name_scale.slope, pack.name_scale.grid) == (0.5, (2, 3))
    assert torch.equal(load_pack(folder).name_scale.patches, patches)
    # over it a pack without one, as earlier versions wrote
    assert write_pack(folder, make()).name_scale is None
    assert not (folder / 'names.safetensors').exists()
    other = dataclasses.replace(scale, classes=('cat', 'boat', 'traffic light'))
    (folder / 'names.safetensors').write_bytes(other.to_bytes())
    sign(folder, 'pack.json', 'model.safetensors', 'names.safetensors')
    with pytest.raises(ValueError, match=r'names\.safetensors cannot be used: the sca'):
        read_pack(folder)
    (folder / 'names.safetensors').write_bytes(b'other')
    sign(folder, 'pack.json', 'model.safetensors', 'names.safetensors')
    with pytest.raises(ValueError, match=r'names\.safetensors cannot be used: it is n'):
        read_pack(folder)
