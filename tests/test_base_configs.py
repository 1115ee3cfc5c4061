"""The fragments for own data, schedule and runtime, run with mmpretrain's own parts."""

import json
import random
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import Compose, default_collate
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.models.utils import ClsDataPreprocessor
from mmpretrain.registry import HOOKS
from torch import nn

from mvlr_mm.engine import load_weights

BASE = Path(__file__).parents[1] / 'configs/_base_'
DATA_SETS = sorted((BASE / 'datasets').glob('*.py'))
CLASSES = ['red', 'green', 'blue']
LEAF = f"""
_base_ = [
    '{BASE}/datasets/custom_224px.py',
    '{BASE}/schedules/adamw_30e.py',
    '{BASE}/default_runtime.py',
]
for_all = dict(batch_size=4, num_workers=0)
train_dataloader = for_all
val_dataloader = for_all
test_dataloader = for_all
_base_.train_dataloader.dataset.pipeline[1].scale = (32, 32)
_base_.val_dataloader.dataset.pipeline[1].scale = (32, 32)
_base_.test_dataloader.dataset.pipeline[1].scale = (32, 32)
model = dict(
    type='ImageClassifier',
    backbone=dict(type='ResNet', depth=18, base_channels=4, stem_channels=4),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(type='MultiLabelLinearClsHead', num_classes=3, in_channels=32),
)
train_cfg = dict(max_epochs=2)
"""


@pytest.fixture
def cfg(tmp_path, monkeypatch):
    """A leaf over pictures of three colours, some with none or several labels."""
    rng = np.random.default_rng(0)
    (tmp_path / 'images').mkdir()
    (tmp_path / 'classes.json').write_text(json.dumps(CLASSES))
    for split, count in (('train', 8), ('val', 5), ('test', 3)):
        lines = []
        for i in range(count):
            labels = np.flatnonzero(rng.random(3) > 0.5).tolist() if i else []
            picture = rng.integers(0, 80, (40, 50, 3), dtype=np.uint8)
            picture[..., [2 - label for label in labels]] += 150
            cv2.imwrite(f'{tmp_path}/images/{split}{i}.png', picture)
            lines.append(json.dumps(dict(image=f'{split}{i}.png', labels=labels)))
        (tmp_path / f'{split}.jsonl').write_text('\n'.join(lines))
    monkeypatch.setenv('MVLR_DATA_ROOT', str(tmp_path))
    (tmp_path / 'leaf.py').write_text(LEAF)
    cfg = Config.fromfile(tmp_path / 'leaf.py')
    cfg.work_dir = str(tmp_path / 'work')
    cfg.experiment_name = tmp_path.name
    return cfg


def test_own_data_trains_evaluates_and_is_tested(cfg, tmp_path):
    runner = Runner.from_cfg(cfg)
    runner.train()
    scores = runner.test()
    assert {'mlgcn/mAP', 'mlgcn/CF1', 'mlgcn/top3-OF1'} <= set(scores)
    best = list((tmp_path / 'work').glob('best_mlgcn_mAP_epoch_*.pth'))
    assert len(best) == 1
    stored = load_weights(best[0])
    assert stored['meta']['dataset_meta']['classes'] == tuple(CLASSES)
    assert stored['ema_state_dict']['steps'] > 0


def test_partially_labelled_data_train_and_are_evaluated(cfg, tmp_path):
    for split in ('train', 'val', 'test'):
        lines = (tmp_path / f'{split}.jsonl').read_text().splitlines()
        records = [dict(json.loads(line), absent=[]) for line in lines]
        records[0].update(labels=['red'], absent=['green'])
        text = '\n'.join(map(json.dumps, records))
        (tmp_path / f'{split}.jsonl').write_text(text)
    cfg.model.head.loss = dict(type='LogitAsymmetricLoss')
    runner = Runner.from_cfg(cfg)
    runner.train()
    samples = [runner.train_dataloader.dataset[i]['data_samples'] for i in range(8)]
    states = torch.stack([sample.gt_score for sample in samples])
    assert states[0].tolist() == [1, 0, -1]
    assert (states == 0).sum() == 1  # elsewhere a label is there or unknown
    assert np.isfinite(runner.test()['mlgcn/mAP'])


def test_another_order_of_names_stops_the_run_before_training(cfg):
    runner = Runner.from_cfg(cfg)
    runner.model.head.classes = ['red', 'blue', 'green']
    with pytest.raises(ValueError, match=r"index 1: 'blue' in the model, 'green' in"):
        runner.train()
    assert runner.iter == 0


def test_the_size_is_overridden_in_a_leaf(cfg):
    for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        dataset = Runner.build_dataloader(cfg[name], seed=0).dataset
        assert dataset[0]['inputs'].shape == (3, 32, 32)


def test_the_data_root_has_a_default(monkeypatch):
    monkeypatch.delenv('MVLR_DATA_ROOT', raising=False)
    cfg = Config.fromfile(BASE / 'datasets/custom_224px.py')
    assert cfg.test_dataloader.dataset.data_root == 'data/custom'


def test_the_schedule_is_a_cosine_to_the_last_iteration(cfg):
    runner = Runner.from_cfg(cfg)
    rates = []

    class Record(Hook):
        def after_train_iter(self, runner, *args, **kwargs):
            rates.append(runner.optim_wrapper.get_lr()['lr'][0])

    runner.register_hook(Record(), 'HIGHEST')
    runner.train()
    expected = [1e-4 * (1 + np.cos(np.pi * i / 4)) / 2 for i in range(4)]
    np.testing.assert_allclose(rates, expected, rtol=1e-6)


def test_ema_averages_the_statistics_and_leaves_constants_alone(cfg):
    net = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    net.register_buffer('hard', torch.rand(50))
    hook = HOOKS.build(cfg.custom_hooks[0])
    runner = type('Runner', (), dict(model=net, iter=0, epoch=0))()
    hook.before_run(runner)
    means, start = [], net[1].running_mean.clone()
    for i in range(5):
        net(torch.randn(8, 3) + i)
        hook.after_train_iter(runner, 0)
        means.append(net[1].running_mean.clone())
    average = means[0]
    for n, mean in enumerate(means[1:], start=1):
        decay = min(0.9997, (1 + n) / (10 + n))  # with the warm-up
        average = decay * average + (1 - decay) * mean
    kept, last = net.hard.clone(), net[1].running_mean.clone()
    hook.before_val_epoch(runner)
    torch.testing.assert_close(net[1].running_mean, average)
    torch.testing.assert_close(net.hard, kept, rtol=0, atol=0)
    hook.after_val_epoch(runner)
    torch.testing.assert_close(net[1].running_mean, last, rtol=0, atol=0)
    assert not last.equal(start)


@pytest.mark.parametrize('path', DATA_SETS, ids=lambda path: path.stem)
@pytest.mark.parametrize('split', ['train', 'val'])
def test_pictures_go_to_the_device_as_bytes(path, split, tmp_path, monkeypatch):
    """A quarter of what real numbers would take; they are normalised there."""
    cfg = Config.fromfile(path)
    img = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)
    cv2.imwrite(f'{tmp_path}/a.png', img)
    pipeline = Compose(cfg[f'{split}_dataloader'].dataset.pipeline)
    record = dict(img_path=f'{tmp_path}/a.png', gt_label=[0])
    batch = default_collate([pipeline(record.copy()) for _ in range(2)])
    moved, cast = [], ClsDataPreprocessor.cast_data

    def watched(self, data):
        moved.append(data)
        return cast(self, data)

    monkeypatch.setattr(ClsDataPreprocessor, 'cast_data', watched)
    found = ClsDataPreprocessor(**cfg.data_preprocessor)(batch)['inputs']
    assert moved[0].dtype == torch.uint8
    mean, std = (
        torch.tensor(cfg.data_preprocessor[key]).view(3, 1, 1)
        for key in ('mean', 'std')
    )
    expected = (moved[0][:, [2, 1, 0]].float() - mean) / std
    torch.testing.assert_close(found, expected)


def test_the_pipeline_draws_the_pictures_of_pillow_and_mmpretrain(tmp_path):
    """The same seed gives the same picture, but for single grey levels."""
    img = cv2.resize(
        np.random.default_rng(0).integers(0, 256, (12, 16, 3), np.uint8), (96, 72)
    )
    cv2.imwrite(f'{tmp_path}/a.png', img)
    ours = Config.fromfile(BASE / 'pipelines/squash_448px.py').train_pipeline
    ours[1].scale = (48, 48)
    plain = [dict(step) for step in ours]
    plain[1] |= dict(type='Resize', backend='pillow')
    for i, kind in {2: 'RandomFlip', 4: 'RandAugment', 5: 'PackInputs'}.items():
        plain[i]['type'] = kind
    assert sum(p['type'] != o.type for p, o in zip(plain, ours, strict=True)) == 4
    pictures = []
    for pipeline in map(Compose, (ours, plain)):
        for seed in range(60):
            np.random.seed(seed)
            random.seed(seed)
            found = pipeline(dict(img_path=f'{tmp_path}/a.png', gt_label=[0]))
            pictures.append(found['inputs'].float())
    drawn, expected = torch.stack(pictures).split(60)
    apart = (drawn - expected).abs()
    assert (apart <= 2).float().mean() > 0.99
    # another seed is another picture
    assert (drawn - expected.roll(1, 0)).abs().mean() > 50 * apart.mean()
    for moment in (torch.Tensor.mean, torch.Tensor.std):
        torch.testing.assert_close(
            moment(drawn, 0), moment(expected, 0), atol=1.5, rtol=0.01
        )
