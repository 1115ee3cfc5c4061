import json
import os
import socket
import sys
from functools import wraps
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.logging import MessageHub, MMLogger
from mmengine.runner import Runner
from mmengine.visualization import Visualizer
from mmpretrain.visualization import UniversalVisualizer


@pytest.fixture(autouse=True)
def runs_of_one_second_are_apart(monkeypatch):
    """Let no runner find the logger or the visualizer of another.

    mmengine names them after the config and the second in which a runner is made, and
    a test makes several within one.
    """
    make = Runner.__init__

    @wraps(make)
    def make_apart(self, *args, **kwargs):
        for kind in (MMLogger, MessageHub, Visualizer, UniversalVisualizer):
            kind._instance_dict.clear()
        make(self, *args, **kwargs)

    monkeypatch.setattr(Runner, '__init__', make_apart)


CONFIG = """
custom_imports = dict(imports=['mvlr_mm'], allow_failed_imports=False)
default_scope = 'mmpretrain'
model = dict(
    type='ImageClassifier',
    backbone=dict(type='LeNet5'),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(type='MultiLabelLinearClsHead', num_classes=3, in_channels=120),
    data_preprocessor=dict(mean=[0], std=[255], num_classes=3, to_onehot=True))
pipeline = [
    dict(type='LoadImageFromFile', color_type='grayscale'),
    dict(type='PackInputs')]
loader = dict(
    batch_size=4,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='MultiLabelDataset',
        data_root={root!r},
        ann_file='labels.json',
        pipeline=pipeline))
train_dataloader = val_dataloader = test_dataloader = loader
val_evaluator = test_evaluator = dict(type='MultiLabelMetric', thr=0.5)
train_cfg = dict(by_epoch=True, max_epochs=1)
val_cfg = dict()
test_cfg = dict()
optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.01))
default_hooks = dict(visualization=dict(type='VisualizationHook'))
visualizer = dict(type='UniversalVisualizer', vis_backends=[])
auto_scale_lr = dict(base_batch_size=4)
randomness = dict(seed=0)
"""


@pytest.fixture
def config(tmp_path, monkeypatch):
    """Eight grey pictures, three labels, and a config that trains on them."""
    monkeypatch.setenv('LOCAL_RANK', '0')
    rng = np.random.default_rng(0)
    records = []
    for i in range(8):
        name = f'{i}.png'
        cv2.imwrite(str(tmp_path / name), rng.integers(0, 255, (32, 32), np.uint8))
        records.append({'img_path': name, 'gt_label': [i % 3]})
    labels = {'metainfo': {'classes': ['a', 'b', 'c']}, 'data_list': records}
    (tmp_path / 'labels.json').write_text(json.dumps(labels))
    path = tmp_path / 'tiny.py'
    path.write_text(CONFIG.replace('{root!r}', repr(str(tmp_path))))
    return path


@pytest.fixture
def dist_env():
    """The environment of dist_train.sh and dist_test.sh: this Python, a free port."""
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = str(free.getsockname()[1])
    path = f'{Path(sys.executable).parent}:{os.environ["PATH"]}'
    return {**os.environ, 'PATH': path, 'PORT': port}
