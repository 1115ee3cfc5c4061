"""What the leaves of the other systems share: labels, widths, frozen trunks, pages."""

import json
from pathlib import Path

import pytest
import yaml
from mmengine.config import Config
from mmpretrain.registry import MODELS

from mvlr_mm.config import read_config

ROOT = Path(__file__).parents[1]
FOLDERS = sorted(
    path.parent
    for path in ROOT.glob('configs/[!_]*/metafile.yml')
    if path.parent.name != 'mvlr'
)
SMALL = sorted(
    path for folder in FOLDERS for path in folder.glob('*_custom_small-clip.py')
)
RN101 = sorted(path for folder in FOLDERS for path in folder.glob('*_rn101_coco.py'))


def labels_of(model):
    """Return the classes of every part of a model's config that names some."""
    parts = [model['head'], *(model.get('neck') or {}).values()]
    return [p['classes'] for p in parts if isinstance(p, dict) and 'classes' in p]


@pytest.mark.parametrize('path', SMALL, ids=lambda p: p.stem)
def test_the_labels_are_those_of_the_pictures(path, tmp_path, monkeypatch):
    names = tmp_path / 'labels.json'
    names.write_text(json.dumps(['cat', 'dog']))
    monkeypatch.setenv('MVLR_CLIP', 'clip')
    overrides = {'data_root': str(tmp_path), 'classes': 'labels.json'}
    cfg = read_config(path, overrides)
    assert labels_of(cfg.model) == [str(names)]
    assert cfg.train_dataloader.dataset.classes == 'labels.json'


@pytest.mark.parametrize('path', SMALL, ids=lambda p: p.stem)
def test_pictures_trunk_and_budget_are_those_of_mvlr(path):
    ours = Config.fromfile(ROOT / 'configs/mvlr/mvlr_custom_small-clip.py')
    cfg = Config.fromfile(path)
    trains = cfg.train_cfg.get('type') != 'FitLoop'
    same = ('train_dataloader', 'train_cfg', 'custom_hooks') if trains else ()
    for key in ('test_dataloader', *same):
        assert cfg[key] == ours[key], key
    for key in ('backbone', 'clip'):
        assert cfg.model[key] == ours.model[key]


@pytest.mark.parametrize('place', ['beside the pictures', 'elsewhere'])
def test_files_about_labels_lie_beside_the_pictures_or_elsewhere(place, monkeypatch):
    monkeypatch.delenv('MVLR_LABEL_FILES', raising=False)
    if place == 'elsewhere':
        monkeypatch.setenv('MVLR_LABEL_FILES', place)
    found = set()
    for path in SMALL:
        cfg = read_config(path, {'data_root': 'beside the pictures'})
        head = cfg.model.head
        found |= {head[key] for key in ('graph', 'label_vectors') if key in head}
    assert found == {f'{place}/label_graph.npz', f'{place}/label_vectors.npz'}


@pytest.mark.parametrize('path', RN101, ids=lambda p: p.stem)
def test_published_trunks_name_the_labels_of_coco(path):
    cfg = Config.fromfile(path)
    assert labels_of(cfg.model) == ['coco'] or cfg.model.head.num_classes == 80
    assert cfg.train_dataloader.dataset.type == 'COCOMultiLabel'


def test_a_dense_backbone_passes_the_channels_of_its_trunk(tiny_config):
    cfg = tiny_config(ROOT / 'configs/asl/asl_rn101_coco.py')
    model = MODELS.build(cfg.model)
    assert not list(model.backbone.dense.parameters())
    assert model.head.fc.in_features == model.backbone.embed_dim == 32
    whole = Config.fromfile(ROOT / 'configs/asl/asl_rn101_coco.py').model.backbone
    assert whole.in_channels == 2048
    assert 'embed_dim' not in whole


@pytest.mark.parametrize('folder', FOLDERS, ids=lambda p: p.name)
def test_every_leaf_is_in_the_page_and_the_index(folder):
    page = (folder / 'README.md').read_text()
    index = yaml.safe_load((ROOT / 'model-index.yml').read_text())
    assert f'configs/{folder.name}/metafile.yml' in index['Import']
    listed = yaml.safe_load((folder / 'metafile.yml').read_text())
    (collection,) = listed['Collections']
    for path in folder.glob('*.py'):
        entry = {
            'Name': path.stem,
            'In Collection': collection['Name'],
            'Config': f'configs/{folder.name}/{path.name}',
        }
        assert entry in [
            {key: model[key] for key in entry} for model in listed['Models']
        ]
        assert f'`{path.name}`' in page
