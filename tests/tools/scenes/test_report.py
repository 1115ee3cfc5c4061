import csv
import json
import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.config import Config
from PIL import Image
from safetensors.torch import save_file

from mvlr_mm.datasets.scenes import CLASSES, write_scenes
from mvlr_mm.models.clip import load_clip

ROOT = Path(__file__).parents[3]
CONFIG = str(ROOT / 'configs/mvlr/mvlr_tiny_scenes.py')


@pytest.fixture(scope='module')
def tool():
    return SimpleNamespace(**runpy.run_path(str(ROOT / 'tools/scenes/report.py')))


def _run(root, tool, name, scores, targets, paths):
    work_dir = root / name
    scalars = work_dir / '20260101_000000' / 'vis_data' / 'scalars.json'
    scalars.parent.mkdir(parents=True)
    scalars.write_text('{"loss": 2.0, "step": 10}\n{"mlgcn/mAP": 40.0, "step": 1}\n')
    return work_dir, tool.Predictions(scores, targets, paths, ['sea', 'street lamp'])


def test_report_holds_table_curves_and_pictures(tool, tmp_path):
    targets = np.array([[1, 0], [0, 1], [1, 1], [0, 0]])
    perfect, worst = targets.astype(float), 1.0 - targets
    paths = []
    for i in range(4):
        paths.append(str(tmp_path / f'{i}.png'))
        Image.new('RGB', (16, 16), (0, 0, 100 + i)).save(paths[-1])
    runs = {
        name: _run(tmp_path, tool, name, scores, targets, paths)
        for name, scores in {'MVLR': perfect, 'baseline': worst}.items()
    }
    out = tmp_path / 'out'
    table = tool.write_report(
        out, {k: v[1] for k, v in runs.items()}, {k: v[0] for k, v in runs.items()}
    )
    # ranked worst: the two positives are 3rd and 4th, and each ties with the other
    assert '| sea         |       2 | 100.0 |     50.0 |' in table
    with open(out / 'labels.csv', newline='') as file:
        assert [row['MVLR'] for row in csv.DictReader(file)] == ['100.0'] * 3
    text = (out / 'report.md').read_text()
    assert 'Results on 4 test pictures' in text
    assert '- MVLR: mAP 100.0\n- baseline: mAP 50.0' in text
    assert table in text
    for name in ('curves.png', 'pictures.png'):
        assert f']({name})' in text
        assert Image.open(out / name).size[0] > 300


def test_pictures_are_spread_over_those_with_several_labels(tool):
    targets = np.zeros((100, 5))
    targets[50:, :3] = 1
    assert tool.pick_pictures(targets, 3).tolist() == [50, 74, 99]
    assert tool.pick_pictures(targets[:4], 8).tolist() == [0, 1, 2, 3]


def test_a_folder_without_training_is_named(tool, tmp_path):
    with pytest.raises(FileNotFoundError, match=r'no last_checkpoint: train there'):
        tool.last_checkpoint(tmp_path)


def test_predictions_are_those_of_the_model(tool, tmp_path, monkeypatch):
    """Both scenes configs build, run on drawn pictures and score all 20 labels."""
    train_clip = runpy.run_path(str(ROOT / 'tools/scenes/train_clip.py'))
    torch.manual_seed(0)
    write_scenes(tmp_path / 'scenes', {'test': 3})
    (tmp_path / 'clip').mkdir()
    monkeypatch.setenv('MVLR_SCENES_ROOT', str(tmp_path / 'scenes'))
    monkeypatch.setenv('MVLR_TINY_CLIP', str(tmp_path / 'clip'))
    config_file = tmp_path / 'clip' / 'tiny_clip.json'
    config_file.write_text(json.dumps(train_clip['CONFIG']))
    state = load_clip(str(config_file)).state_dict()
    save_file(state, tmp_path / 'clip' / 'tiny_clip.safetensors')
    cfg = Config.fromfile(CONFIG)
    assert tuple(cfg.classes) == CLASSES
    model = tool.MODELS.build({'data_preprocessor': cfg.data_preprocessor, **cfg.model})
    torch.save({'state_dict': model.state_dict()}, tmp_path / 'model.pth')
    found = tool.predict(CONFIG, str(tmp_path / 'model.pth'), 'Testing')
    assert found.names == list(CLASSES)
    assert found.scores.shape == found.targets.shape == (3, 20)
    image = np.asarray(Image.open(found.paths[1]), np.float32)
    mean, std = np.array(cfg.data_preprocessor.mean), cfg.data_preprocessor.std
    inputs = torch.tensor((image - mean) / std, dtype=torch.float32).permute(2, 0, 1)
    with torch.no_grad():
        logits = model.eval()(inputs[None], mode='tensor')
    np.testing.assert_allclose(found.scores[1], logits[0].sigmoid(), atol=1e-5)
