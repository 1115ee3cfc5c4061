import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.metrics import average_precision_score

PATH = Path(__file__).parents[3] / 'tools/benchmarks/linear_probe.py'


@pytest.fixture
def linear_probe():
    spec = importlib.util.spec_from_file_location('linear_probe', PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_labels_that_lie_in_the_embedding_are_found(linear_probe):
    rng = np.random.default_rng(0)
    splits = []
    for count in (200, 100):
        x = rng.normal(size=(count, 6))
        y = np.stack([x[:, 0] > 0, x[:, 1] + x[:, 2] > 0.5], 1).astype(int)
        noise = rng.integers(2, size=(count, 1))
        splits.append((x * [1, 9, 9, 1, 1, 1], np.concatenate([y, noise], 1)))
    found = linear_probe.probe(*splits, strength=1.0)
    chance = average_precision_score(splits[1][1][:, 2], rng.normal(size=100))
    assert abs(found - 100 * (2 + chance) / 3) < 6


def test_unknown_labels_are_left_out(linear_probe):
    x = np.random.default_rng(0).normal(size=(80, 4))
    right = (x[:, :1] > 0).astype(int)
    partly = np.where(x[:, :1] > 0.5, -1, right)  # as absent ones they would mislead
    assert linear_probe.probe((x, partly), (x, right), strength=100.0) > 99
    assert linear_probe.probe((x, np.maximum(partly, 0)), (x, right), 100.0) < 95


def test_a_label_that_no_training_picture_has_is_at_chance(linear_probe):
    x = np.random.default_rng(0).normal(size=(80, 4))
    targets = np.arange(80)[:, None] % 4 == 0
    found = linear_probe.probe((x, 0 * targets), (x, targets * 1), strength=1.0)
    assert found == pytest.approx(25)


def test_from_a_config_to_a_number(linear_probe, tiny_clip, tmp_path, capsys):
    rng = np.random.default_rng(0)
    (tmp_path / 'images').mkdir()
    (tmp_path / 'classes.json').write_text('["dark", "left"]')
    for split in ('train', 'val', 'test'):
        lines = []
        for i in range(12):
            picture = rng.integers(0, 256, (32, 32, 3)) // (1 + 3 * (i % 2))
            name = f'{split}{i}.png'
            Image.fromarray(picture.astype(np.uint8)).save(tmp_path / 'images' / name)
            labels = ['dark'] * (i % 2) + ['left'] * (i % 3 == 0)
            lines.append(json.dumps(dict(image=name, labels=labels)))
        (tmp_path / f'{split}.jsonl').write_text('\n'.join(lines))

    clip = tiny_clip()
    loader = dict(
        batch_size=5,
        num_workers=0,
        sampler=dict(type='DefaultSampler', shuffle=True),
    )
    data = dict(
        type='MultiLabelList',
        data_root=str(tmp_path),
        classes='classes.json',
        data_prefix='images',
    )
    resize = dict(type='Resize', scale=(64, 64))
    pipeline = [dict(type='LoadImageFromFile'), resize, dict(type='PackInputs')]
    lines = [
        f'model = dict(backbone=dict(**{clip}))',
        'data_preprocessor = dict(mean=[127.5] * 3, std=[127.5] * 3, to_rgb=True)',
    ]
    for split in ('train', 'val', 'test'):
        dataset = dict(data, ann_file=f'{split}.jsonl', pipeline=pipeline)
        lines.append(f'{split}_dataloader = {dict(loader, dataset=dataset)}')
    config = tmp_path / 'config.py'
    config.write_text('\n'.join(lines))
    torch.manual_seed(0)
    linear_probe.main([str(config), '--json', str(tmp_path / 'out.json')])
    result = json.loads((tmp_path / 'out.json').read_text())
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == result
    assert result['C'] in linear_probe.STRENGTHS
    with pytest.raises(SystemExit, match='2'):  # nothing is replaced, nor embedded
        linear_probe.main([str(config), '--json', str(tmp_path / 'out.json')])
    assert 'exists; name another, or add --overwrite' in capsys.readouterr().err
    assert result['test mAP'] > 60  # darkness is easy even for a random tower
