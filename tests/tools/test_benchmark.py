import json
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parents[2]
TOOL = ROOT / 'tools/benchmark.py'


def run(*words):
    command = [sys.executable, str(TOOL), 'speed', *words, '--threads', '1']
    return subprocess.run(command, capture_output=True, text=True)


@pytest.fixture
def measure():
    """Run a part in this process: what a new one imports takes longer."""
    main, threads = runpy.run_path(str(TOOL))['main'], torch.get_num_threads()
    yield lambda *words: main(['speed', *words, '--quick', '--threads', '1'])
    torch.set_num_threads(threads)


@pytest.mark.parametrize('part', ['scan', 'qmvl'])
def test_a_quick_run_writes_json_and_tables(part, measure, tmp_path, capsys):
    assert measure(part, '--out', str(tmp_path)) == 0
    written = json.loads((tmp_path / f'speed_{part}.json').read_text())
    assert written['machine']['threads'] == 1
    assert written['machine']['versions']['torch']
    page = (tmp_path / f'speed_{part}.md').read_text()
    assert page.startswith(f'# Speed: {part}')
    assert page in capsys.readouterr().out
    assert (tmp_path / 'speed_qmvl.png').is_file() == (part == 'qmvl')


def test_a_page_is_not_replaced_in_silence(tmp_path, capsys):
    (tmp_path / 'speed_scan.json').write_text('kept')
    main = runpy.run_path(str(TOOL))['main']
    with pytest.raises(SystemExit, match='2'):
        main(['speed', 'scan', '--quick', '--out', str(tmp_path)])
    said = capsys.readouterr().err
    assert 'speed_scan.json exists; name another, or add --overwrite' in said
    assert (tmp_path / 'speed_scan.json').read_text() == 'kept'


def test_the_text_tower_is_measured_in_both_ways(tmp_path, tiny_clip):
    model = str(tiny_clip()['model'])
    done = run('text', '--quick', '--model', model, '--out', str(tmp_path))
    assert done.returncode == 0, done.stderr
    single, half = json.loads((tmp_path / 'speed_text.json').read_text())['result']
    assert (single['dtype'], half['dtype']) == ('float32', 'bfloat16')
    assert max(single['apart']) < 1e-4 < max(half['apart']) < 0.1
    assert single['memory']['once'] < single['memory']['each']


def test_labels_are_measured_in_processes_of_their_own(tmp_path):
    done = run('labels', '--quick', '--modes', 'eval', '--out', str(tmp_path))
    assert done.returncode == 0, done.stderr
    (entry,) = json.loads((tmp_path / 'speed_labels.json').read_text())['result'][
        'eval'
    ]
    assert entry['labels'] == 20
    assert entry['peak_gb'] > 0.1
    assert entry['eval_s'] > 0


def test_models_are_measured_beside_other_heads_and_optimized(measure, tmp_path):
    assert measure('model', '--out', str(tmp_path)) == 0
    (entry,) = json.loads((tmp_path / 'speed_model.json').read_text())['result']
    assert set(entry['heads']['MVLR']) == {'backbone + linear', 'MVLR'}
    assert 'Q2L-like' in entry['heads']
    folded, cast = (
        entry['steps'][name] for name in ('+ BatchNorm folded', '+ bfloat16 backbone')
    )
    assert folded['largest'] < 1e-5 < cast['largest'] < 0.05


def test_a_training_step_its_options_and_the_loader_are_measured(measure, tmp_path):
    assert measure('train', '--out', str(tmp_path)) == 0
    result = json.loads((tmp_path / 'speed_train.json').read_text())['result']
    parts = list(result['step'])
    assert parts[:3] == ['data_preprocessor', 'backbone', 'neck.prompt']
    assert parts[-4:] == ['head and losses', 'backward', 'optimizer', 'EMA']
    assert all(ms > 0 for ms in result['step'].values())
    assert result['loader']['transforms']['160x120']['LoadPicture'] > 0
    (speeds,) = result['loader']['images_per_second']
    assert speeds['config, reduced decode'] > 0
    assert result['options']['2 x 2, float32']['images_per_second'] > 0


def test_bulk_tagging_is_measured_beside_its_bare_model(measure, tmp_path):
    assert measure('tag', '--out', str(tmp_path)) == 0
    result = json.loads((tmp_path / 'speed_tag.json').read_text())['result']
    bare, tag = result['pictures_per_second'].values()
    assert min(bare, tag) > 0


def test_an_unknown_part_lists_the_known_ones(measure, capsys):
    with pytest.raises(SystemExit, match='2'):
        measure('scam')
    said = capsys.readouterr().err
    for name in ('scan', 'qmvl', 'labels', 'model', 'train'):
        assert f'{name!r}' in said or f' {name}' in said


@pytest.mark.slow
def test_an_exported_graph_is_measured_beside_torch(tmp_path):
    done = run('export', '--quick', '--out', str(tmp_path))
    assert done.returncode == 0, done.stderr
    (entry,) = json.loads((tmp_path / 'speed_export.json').read_text())['result']
    assert list(entry['times']) == ['torch', "torch, graph's scan", 'onnxruntime']
    assert max(entry['scores_differ'].values()) < 1e-4
