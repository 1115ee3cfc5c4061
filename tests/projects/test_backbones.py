import json
import shutil
from pathlib import Path

import pytest
import torch

from mvlr_mm.config import read_config
from mvlr_mm.projects.backbones import choose_backbone

ROOT = Path(__file__).parents[2]


def config_of(recipe, folder):
    path = folder / 'config.py'
    path.write_text(f"_base_ = '{ROOT}/configs/mvlr/{recipe.base}'\n{recipe.lines}")
    return read_config(path)


@pytest.mark.parametrize(
    ('name', 'model'),
    [('rn101', 'RN101'), ('vitb16', 'ViT-B-16'), ('small', 'ViT-B-32')],
)
def test_a_name(tmp_path, name, model):
    cfg = config_of(choose_backbone(name), tmp_path)
    assert cfg.model.clip == dict(model=f'{model}-quickgelu', pretrained='openai')
    frozen = cfg.model.backbone.get('frozen_stages', 0)
    assert frozen == (-1 if name == 'small' else 0)


@pytest.mark.parametrize(('gpu', 'name'), [(True, 'rn101'), (False, 'small')])
def test_without_a_name_the_machine_decides(monkeypatch, gpu, name):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: gpu)
    recipe = choose_backbone(None)
    assert recipe[1:] == choose_backbone(name)[1:]
    assert 'GPU here' in recipe.what


@pytest.mark.parametrize('kind', ['resnet', 'vit', 'timm'])
def test_a_path_by_its_json_its_weights_or_its_folder(tiny_clip, tmp_path, kind):
    folder = tmp_path / 'clip'
    folder.mkdir()
    files = {key: shutil.copy(path, folder) for key, path in tiny_clip(kind).items()}
    recipes = {choose_backbone(p) for p in (str(folder), *files.values())}
    (recipe,) = recipes
    cfg = config_of(recipe, tmp_path)
    assert cfg.model.clip == files
    if kind == 'timm':  # 7 of 11 stages, as the base has it
        assert recipe.base == 'mvlr_custom_small-clip.py'
        assert cfg.model.backbone.frozen_stages == 7
    else:
        assert recipe.base == 'mvlr_custom.py'


def test_what_the_json_says_of_pixels_is_taken(tiny_clip, tmp_path):
    files = tiny_clip('vit')
    shutil.copy(files['pretrained'], tmp_path / 'x.safetensors')
    model = json.loads(Path(files['model']).read_text())
    said = dict(model_cfg=model, preprocess_cfg=dict(mean=[0, 0, 0], std=[1, 1, 1]))
    (tmp_path / 'x.json').write_text(json.dumps(said))
    cfg = config_of(choose_backbone(str(tmp_path / 'x.json')), tmp_path)
    assert cfg.data_preprocessor.mean == [0, 0, 0]
    assert cfg.data_preprocessor.std == [255, 255, 255]


@pytest.mark.parametrize(
    ('name', 'kind', 'message'),
    [
        ('rn50', FileNotFoundError, '--backbone .*rn50: neither one of rn101, vitb16'),
        ('', ValueError, 'needs one file of json beside the other; there is none'),
        ('a.json', ValueError, 'needs one file of weights .* there is x.pt, y.pt in'),
        ('a.txt', ValueError, 'a.txt is neither a json file nor weights'),
    ],
)
def test_what_is_no_clip_is_said(tmp_path, name, kind, message):
    names = ('x.pt', 'y.pt', 'a.txt', *([name] if name == 'a.json' else []))
    for file in names:
        (tmp_path / file).touch()
    with pytest.raises(kind, match=message):
        choose_backbone(str(tmp_path / name))


def test_a_path_without_the_endings_is_that_of_both_files(tmp_path):
    said = '{"embed_dim": 8, "text_cfg": {}, "vision_cfg": {"layers": 2}}'
    for name in ('x.1.json', 'x.1.safetensors', 'y.json', 'y.pt'):
        (tmp_path / name).write_text(said)
    recipe = choose_backbone(str(tmp_path / 'x.1'))
    assert recipe.what == f'{tmp_path / "x.1.json"} with x.1.safetensors'
