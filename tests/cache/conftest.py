"""Six pictures, and a whole config that reads them."""

import json

import cv2
import numpy as np
import pytest
from mmengine.config import Config

LABELS = ['cat', 'dog', 'boat']
LISTS = {'train': [0, 1, 2, 3], 'val': [4, 5], 'test': [5, 4]}
FIXED = [
    dict(type='LoadPicture'),
    dict(type='NativeResize', scale=(40, 32), interpolation='bicubic'),
]
PIPELINES = {
    'train': [*FIXED, dict(type='CutoutPatch', factor=0.5), dict(type='PackInputs')],
    'val': [*FIXED, dict(type='PackInputs')],
    'test': [*FIXED, dict(type='PackInputs')],
}


def loader(root, split):
    return dict(
        batch_size=2,
        num_workers=0,
        sampler=dict(type='DefaultSampler', shuffle=False),
        dataset=dict(
            type='MultiLabelList',
            data_root=str(root),
            ann_file=f'{split}.jsonl',
            classes=LABELS,
            pipeline=PIPELINES[split],
        ),
    )


@pytest.fixture
def pictures(tmp_path):
    """The folder of six pictures of several sizes, and of three lists."""
    rng = np.random.default_rng(0)
    for i in range(6):
        small = rng.integers(0, 255, (4, 5, 3), np.uint8)
        cv2.imwrite(str(tmp_path / f'{i}.jpg'), cv2.resize(small, (60 + i, 80 - i)))
    for split, numbers in LISTS.items():
        lines = [json.dumps(dict(image=f'{i}.jpg', labels=[i % 3])) for i in numbers]
        (tmp_path / f'{split}.jsonl').write_text('\n'.join(lines))
    return tmp_path


@pytest.fixture
def cfg(pictures):
    """The config, which is written as ``tiny.py`` beside the pictures."""
    trunk = dict(type='ResNet', depth=18, stem_channels=8, base_channels=8)
    head = dict(type='MultiLabelLinearClsHead', num_classes=3, in_channels=64)
    evaluator = dict(type='MultiLabelProtocol', protocol='mlgcn')
    cfg = Config(
        dict(
            custom_imports=dict(imports=['mvlr_mm'], allow_failed_imports=False),
            default_scope='mmpretrain',
            data_preprocessor=dict(
                mean=[120] * 3, std=[60] * 3, num_classes=3, to_onehot=True
            ),
            model=dict(
                type='ImageClassifier',
                backbone=trunk,
                neck=dict(type='GlobalAveragePooling'),
                head=head,
            ),
            **{f'{split}_dataloader': loader(pictures, split) for split in LISTS},
            val_evaluator=evaluator,
            test_evaluator=evaluator,
            train_cfg=dict(by_epoch=True, max_epochs=1),
            val_cfg=dict(),
            test_cfg=dict(),
            optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)),
            randomness=dict(seed=0),
        )
    )
    cfg.dump(pictures / 'tiny.py')
    return Config.fromfile(pictures / 'tiny.py')
