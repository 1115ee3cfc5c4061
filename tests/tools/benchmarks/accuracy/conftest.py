import json
import sys
from concurrent.futures import Future
from pathlib import Path

import cv2
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[4] / 'tools'))

CONFIG = """
custom_imports = dict(imports=['mvlr_mm'], allow_failed_imports=False)
default_scope = 'mmpretrain'
data_root = '{{$MVLR_DATA_ROOT:data}}'
data_preprocessor = dict(mean=[127.5] * 3, std=[64.0] * 3)
model = dict(
    type='ImageClassifier',
    backbone=dict(type='ShuffleNetV2', widen_factor=0.5),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(type='MultiLabelLinearClsHead', num_classes=2, in_channels=1024))


def loader(split, shuffle):
    return dict(
        batch_size=4,
        num_workers=0,
        sampler=dict(type='DefaultSampler', shuffle=shuffle),
        dataset=dict(
            type='MultiLabelList',
            data_root=data_root,
            classes='classes.json',
            ann_file=f'{split}.jsonl',
            data_prefix='images',
            pipeline=[
                dict(type='LoadImageFromFile'),
                dict(type='PackInputs')]))


train_dataloader = loader('train', True)
val_dataloader = loader('val', False)
test_dataloader = loader('test', False)
del loader
val_evaluator = test_evaluator = dict(type='MultiLabelProtocol', protocol='mlgcn')
train_cfg = dict(by_epoch=True, max_epochs=1)
val_cfg = dict()
test_cfg = dict()
optim_wrapper = dict(optimizer=dict(type='AdamW', lr=0.01, weight_decay=0.1))
default_hooks = dict(checkpoint=dict(type='CheckpointHook', interval=1))
custom_hooks = [
    dict(type='EMAHook', ema_type='TrainedWeightsEMA', momentum=0.1)]
visualizer = dict(
    type='UniversalVisualizer', vis_backends=[dict(type='LocalVisBackend')])
"""


TEXTS = """
import os
model = dict(
    type='VLClassifier',
    clip=dict({clip}),
    backbone=dict(type='CLIPBackbone'),
    neck=dict(
        type='NeckSequence',
        prompt=dict(
            type='PDLR',
            text_encoder=dict(type='CLIPTextEncoder'),
            classes=os.path.join(data_root, classes)),
        interaction=dict(type='SelfAttentionInteraction')),
    head=dict(type='SimilarityHead'))
"""


@pytest.fixture
def data(tmp_path):
    """Grey pictures, dark or light, with a bright left half or without."""
    folder = tmp_path / 'grey'
    (folder / 'images').mkdir(parents=True)
    (folder / 'classes.json').write_text('["light", "left"]')
    rng = np.random.default_rng(0)
    for split, number in (('train', 12), ('val', 8), ('test', 10)):
        lines = []
        for i in range(number):
            light, left = i % 2, (i // 2) % 2
            picture = rng.integers(0, 60, (32, 32)) + 80 * light
            picture[:, :16] += 100 * left
            name = f'{split}{i}.png'
            cv2.imwrite(str(folder / 'images' / name), picture.astype(np.uint8))
            labels = [n for n, on in (('light', light), ('left', left)) if on]
            lines.append(json.dumps(dict(image=name, labels=labels)))
        (folder / f'{split}.jsonl').write_text('\n'.join(lines))
    return folder


@pytest.fixture
def config(tmp_path, monkeypatch):
    """A config of a small net for the pictures of `data`."""
    monkeypatch.setenv('LOCAL_RANK', '0')
    path = tmp_path / 'net.py'
    path.write_text(CONFIG)
    return str(path)


@pytest.fixture
def texts(config, tiny_clip):
    """A config of a small CLIP whose labels come from names, and meet."""
    path = Path(config).with_name('texts.py')
    slot = 'classes = {{\'$MVLR_CLASSES:"classes.json"\'}}\n'
    clip = ', '.join(f'{key}={value!r}' for key, value in tiny_clip().items())
    text = CONFIG.replace("classes='classes.json'", 'classes=classes')
    start, end = text.index('model = dict('), text.index('def loader')
    model = TEXTS.format(clip=clip)
    path.write_text(slot + text[:start] + model + text[end:])
    return str(path)


class Inline:
    """A pool that does each job at once, in this process."""

    def submit(self, do, job):
        future = Future()
        try:
            future.set_result(do(job))
        except Exception as error:
            future.set_exception(error)
        return future


@pytest.fixture
def inline():
    return Inline()
