import csv
import json
import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from mvlr_mm.config import read_config
from mvlr_mm.datasets.scenes import CLASSES, write_scenes
from mvlr_mm.evaluation import evaluate
from mvlr_mm.evaluation.protocols import PROTOCOLS
from mvlr_mm.evaluation.results import Results, read_results
from mvlr_mm.evaluation.thresholds import search_thresholds
from mvlr_mm.labels.thresholds import read_thresholds
from mvlr_mm.models.clip import load_clip

ROOT = Path(__file__).parents[3]
CONFIG = str(ROOT / 'configs/mvlr/mvlr_tiny_scenes.py')
BASELINE = str(ROOT / 'configs/mvlr/baseline_tiny_scenes.py')


@pytest.fixture(scope='module')
def tool():
    return SimpleNamespace(**runpy.run_path(str(ROOT / 'tools/scenes/report.py')))


def _run(root, name, scores, targets, paths):
    work_dir = root / name
    scalars = work_dir / '20260101_000000' / 'vis_data' / 'scalars.json'
    scalars.parent.mkdir(parents=True)
    scalars.write_text('{"loss": 2.0, "step": 10}\n{"mlgcn/mAP": 40.0, "step": 1}\n')
    return work_dir, Results(scores, targets, ['sea', 'street lamp'], paths)


def test_report_holds_table_and_curves(tool, tmp_path):
    targets = np.array([[1, 0], [0, 1], [1, 1], [0, 0]])
    perfect, worst = targets.astype(float), 1.0 - targets
    runs = {
        name: _run(tmp_path, name, scores, targets, [''] * 4)
        for name, scores in {'MVLR': perfect, 'baseline': worst}.items()
    }
    table = tool.write_report(
        tmp_path, {k: v[1] for k, v in runs.items()}, {k: v[0] for k, v in runs.items()}
    )
    # ranked worst: the two positives are 3rd and 4th, and each ties with the other
    assert '| sea         |       2 | 100.0 |     50.0 |' in table
    with open(tmp_path / 'labels.csv', newline='') as file:
        assert [row['MVLR'] for row in csv.DictReader(file)] == ['100.0'] * 3
    text = (tmp_path / 'report.md').read_text()
    assert 'Results on 4 test pictures' in text
    assert '- MVLR: mAP 100.0\n- baseline: mAP 50.0' in text
    assert table in text
    assert '](curves.png)' in text
    assert Image.open(tmp_path / 'curves.png').size[0] > 300


def test_pictures_are_spread_over_those_with_several_labels(tool):
    targets = np.zeros((100, 5))
    targets[50:, :3] = 1
    assert tool.pick_pictures(targets, 3).tolist() == [50, 74, 99]
    assert tool.pick_pictures(targets[:4], 8).tolist() == [0, 1, 2, 3]


def test_a_folder_without_training_is_named(tool, tmp_path):
    with pytest.raises(FileNotFoundError, match='holds no checkpoint: train there'):
        tool.last_checkpoint(tmp_path)


def test_a_folder_that_was_moved_has_its_own_checkpoint(tool, tmp_path):
    (tmp_path / 'last_checkpoint').write_text('/where/it/was/epoch_2.pth')
    (tmp_path / 'epoch_2.pth').touch()
    assert tool.last_checkpoint(tmp_path) == str(tmp_path / 'epoch_2.pth')


@pytest.fixture(scope='module')
def trained(tool, tmp_path_factory):
    """Leave scenes, a CLIP and two models of random weights, as a training would."""
    root = tmp_path_factory.mktemp('trained')
    train_clip = runpy.run_path(str(ROOT / 'tools/scenes/train_clip.py'))
    torch.manual_seed(0)
    write_scenes(root / 'scenes', {'val': 6, 'test': 12})
    (root / 'clip').mkdir()
    config_file = root / 'clip' / 'tiny_clip.json'
    config_file.write_text(json.dumps(train_clip['CONFIG']))
    state = load_clip(str(config_file)).state_dict()
    save_file(state, root / 'clip' / 'tiny_clip.safetensors')
    places = {
        'MVLR_SCENES_ROOT': str(root / 'scenes'), 'MVLR_TINY_CLIP': str(root / 'clip')
    }  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        for name, value in places.items():
            patch.setenv(name, value)
        for name, config in (('MVLR', CONFIG), ('baseline', BASELINE)):
            cfg = read_config(config)
            preprocessor = cfg.data_preprocessor
            model = tool.MODELS.build({'data_preprocessor': preprocessor, **cfg.model})
            logs = root / name / '20260101_000000' / 'vis_data'
            logs.mkdir(parents=True)
            scalars = '{"loss": 2.0, "step": 1}\n{"mlgcn/mAP": 40.0, "step": 1}\n'
            (logs / 'scalars.json').write_text(scalars)
            torch.save({'state_dict': model.state_dict()}, root / name / 'model.pth')
            pointer = root / name / 'last_checkpoint'
            pointer.write_text(str(root / name / 'model.pth'))
        yield root


def test_predictions_are_those_of_the_model(tool, trained):
    """The config builds, runs on drawn pictures and scores all 20 labels."""
    cfg = read_config(CONFIG)
    assert tuple(cfg.classes) == CLASSES
    model = tool.load_model(cfg, str(trained / 'MVLR/model.pth'))
    found = tool.predict(model, cfg.test_dataloader, 'Testing')
    assert found.classes == list(CLASSES)
    assert found.scores.shape == found.targets.shape == (12, 20)
    image = Image.open(found.paths[1])
    pixels = np.asarray(image, np.float32)
    mean, std = np.array(cfg.data_preprocessor.mean), cfg.data_preprocessor.std
    inputs = torch.tensor((pixels - mean) / std, dtype=torch.float32).permute(2, 0, 1)
    with torch.no_grad():
        logits = model(inputs[None], mode='tensor')
        patches = model.head.patch_logits(model.features(inputs[None]))[0]
    np.testing.assert_allclose(found.scores[1], logits[0].sigmoid(), atol=1e-5)
    ours, grid = tool.patch_logits(model, image)
    assert grid == (4, 4)
    np.testing.assert_allclose(ours, patches, atol=1e-3)


def test_the_whole_report(tool, trained, monkeypatch, capsys):
    out = trained / 'out'
    words = ['MVLR', CONFIG, str(trained / 'MVLR')]
    words += ['baseline', BASELINE, str(trained / 'baseline')]
    monkeypatch.setattr('sys.argv', ['report.py', str(out), *words])
    tool.main()
    output = capsys.readouterr().out
    assert 'threshold per label: ' in output
    text = (out / 'report.md').read_text()
    for name in ('curves.png', 'pictures.png', 'heat_map.png'):
        assert f']({name})' in text
        assert Image.open(out / name).size[0] > 300
    test, val = (read_results(trained / f'MVLR/{x}.npz') for x in ('test', 'val'))
    assert (len(test.paths), len(val.paths)) == (12, 6)
    # searched on val, none of whose pictures is in the report
    found = search_thresholds(val.scores, val.targets).threshold
    known = val.targets.any(axis=0)
    ours = read_thresholds(out / 'thresholds.json', CLASSES)
    np.testing.assert_allclose(ours[known], found[known])
    numbers = evaluate(test.scores, test.targets, PROTOCOLS['mlgcn'])
    assert f'mAP of MVLR on test: {numbers["mAP"]:.1f}' in output


def test_the_sheet_judges_by_the_thresholds(tool, tmp_path, monkeypatch):
    seen = []
    monkeypatch.setitem(
        tool.draw_pictures.__globals__,
        'draw_sheet',
        lambda path, images, texts, **options: seen.extend(texts),
    )
    Image.new('RGB', (8, 8)).save(tmp_path / '0.png')
    scores, targets = np.array([[0.3, 0.6]]), np.array([[1, 0]])
    found = Results(scores, targets, ['sea', 'sun'], [str(tmp_path / '0.png')])
    tool.draw_pictures(tmp_path / 'out.png', found, np.array([0.2, 0.7]))
    assert [line.text for line in seen[0]] == ['+ 0.30 sea']
