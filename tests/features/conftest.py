"""Six pictures, and configs of small models with a frozen backbone on them."""

import json

import cv2
import numpy as np
import pytest
from mmengine.config import Config

LABELS = ['cat', 'dog', 'boat']
LISTS = {'train': [0, 1, 2, 3], 'val': [4, 5], 'test': [5, 4]}


def loader(root, split, pipeline):
    return dict(
        batch_size=2,
        num_workers=0,
        sampler=dict(type='DefaultSampler', shuffle=split == 'train'),
        collate_fn=dict(type='default_collate'),
        dataset=dict(
            type='MultiLabelList',
            data_root=str(root),
            ann_file=f'{split}.jsonl',
            classes=LABELS,
            pipeline=pipeline,
        ),
    )


@pytest.fixture
def pictures(tmp_path):
    """The folder of six pictures of several sizes, and of three lists."""
    rng = np.random.default_rng(0)
    for i in range(6):
        small = rng.integers(0, 255, (4, 5, 3), np.uint8)
        cv2.imwrite(str(tmp_path / f'{i}.png'), cv2.resize(small, (60 + i, 80 - i)))
    for split, numbers in LISTS.items():
        lines = [json.dumps(dict(image=f'{i}.png', labels=[i % 3])) for i in numbers]
        (tmp_path / f'{split}.jsonl').write_text('\n'.join(lines))
    return tmp_path


@pytest.fixture
def make_config(pictures, tiny_clip):
    """Write ``tiny.py``, a whole config; it takes the CLIP's kind, or a backbone."""

    def make(kind='vit', backbone=None, frozen=('backbone',)):
        plain = [
            dict(type='LoadPicture'),
            dict(type='Resize', scale=(64, 64)),
            dict(type='PackInputs'),
        ]
        random = [*plain[:2], dict(type='CutoutPatch', factor=0.5), plain[2]]
        evaluator = dict(type='MultiLabelProtocol', protocol='mlgcn')
        prompt = dict(
            type='PDLR', text_encoder=dict(type='CLIPTextEncoder'), classes=LABELS
        )
        cfg = Config(
            dict(
                custom_imports=dict(imports=['mvlr_mm'], allow_failed_imports=False),
                default_scope='mmpretrain',
                data_preprocessor=dict(mean=[120] * 3, std=[60] * 3, to_rgb=True),
                model=dict(
                    type='VLClassifier',
                    clip=tiny_clip(kind),
                    backbone=backbone or dict(type='CLIPBackbone'),
                    neck=dict(type='NeckSequence', prompt=prompt),
                    head=dict(type='SimilarityHead', scale=20.0),
                ),
                train_dataloader=loader(pictures, 'train', random),
                val_dataloader=loader(pictures, 'val', plain),
                test_dataloader=loader(pictures, 'test', plain),
                val_evaluator=evaluator,
                test_evaluator=evaluator,
                train_cfg=dict(by_epoch=True, max_epochs=2),
                val_cfg=dict(),
                test_cfg=dict(),
                optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)),
                custom_hooks=[dict(type='FreezeModules', names=list(frozen))],
                randomness=dict(seed=0),
            )
        )
        path = pictures / 'tiny.py'
        cfg.dump(path)
        return Config.fromfile(path)

    return make
