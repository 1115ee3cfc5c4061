import json
import re

import pytest
import torch
from mmengine.fileio import load
from mmpretrain.registry import MODELS

from mvlr_mm.cli import test as cli


@pytest.fixture
def checkpoint(config):
    """Return the path of random weights for the config's model."""
    args = cli.parse_args([str(config), 'unused'])
    model = MODELS.build(cli.load_config(args).model)
    path = config.parent / 'weights.pth'
    torch.save({'state_dict': model.state_dict()}, path)
    return path


def run(config, checkpoint, *words):
    work_dir = config.parent / 'run'
    cli.main([str(config), str(checkpoint), '--work-dir', str(work_dir), *words])


def test_out_holds_predictions_by_default(config, checkpoint):
    out = config.parent / 'out.pkl'
    run(config, checkpoint, '--out', str(out))
    scores = [sample['pred_score'] for sample in load(str(out))]
    assert torch.stack(scores).shape == (8, 3)


def test_out_holds_metrics_on_request(config, checkpoint):
    out = config.parent / 'out.json'
    run(config, checkpoint, '--out', str(out), '--out-item', 'metrics')
    assert 'multi-label/f1-score' in json.loads(out.read_text())


def test_tta_averages_with_the_mirrored_picture(config, checkpoint):
    plain, tta = config.parent / 'plain.pkl', config.parent / 'tta.pkl'
    run(config, checkpoint, '--out', str(plain))
    run(config, checkpoint, '--out', str(tta), '--tta')
    flip = "pipeline.insert(1, dict(type='RandomFlip', prob=1.0))\nloader = dict("
    config.write_text(config.read_text().replace('loader = dict(', flip, 1))
    mirrored = config.parent / 'mirrored.pkl'
    run(config, checkpoint, '--out', str(mirrored))
    a, b, c = (
        torch.stack([sample['pred_score'] for sample in load(str(path))])
        for path in (plain, mirrored, tta)
    )
    assert not torch.equal(a, b)
    torch.testing.assert_close(c, (a + b) / 2)


def test_show_dir_gets_the_pictures(config, checkpoint):
    folder = config.parent / 'shown'
    run(config, checkpoint, '--show-dir', str(folder), '--interval', '4')
    assert sorted(p.name for p in folder.iterdir()) == ['0.png_0.png', '4.png_0.png']


def test_show_dir_needs_its_hook(config, checkpoint, capsys):
    text = config.read_text().replace(
        "visualization=dict(type='VisualizationHook')", ''
    )
    config.write_text(text)
    with pytest.raises(SystemExit, match='2'):
        run(config, checkpoint, '--show-dir', 'shown')
    assert "`visualization=dict(type='VisualizationHook')`" in capsys.readouterr().err


def test_a_missing_checkpoint_is_said(config, capsys):
    with pytest.raises(SystemExit, match='2'):
        run(config, 'gone.pth')
    message = r'error: checkpoint gone\.pth: no such file; give the path'
    assert re.search(message, capsys.readouterr().err)


def test_out_item_needs_out(config, capsys):
    with pytest.raises(SystemExit, match='2'):
        cli.parse_args([str(config), 'x.pth', '--out-item', 'pred'])
    assert '--out-item pred needs --out' in capsys.readouterr().err
