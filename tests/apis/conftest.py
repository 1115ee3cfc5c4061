"""A work dir as a short training leaves it, with pictures of several sizes."""

import json
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch

from mvlr_mm.apis.load import build_model
from mvlr_mm.config import read_config

CLASSES = ['cat', 'dog', 'boat']
CONFIG = """
custom_imports = dict(imports=['mvlr_mm'], allow_failed_imports=False)
default_scope = 'mmpretrain'
data_preprocessor = dict(mean=[120, 110, 100], std=[60, 60, 60], to_rgb=True)
model = dict(
    type='VLClassifier',
    clip={clip!r},
    backbone=dict(type='CLIPBackbone'),
    neck=dict(
        type='NeckSequence',
        prompt=dict(
            type='PDLR',
            text_encoder=dict(type='CLIPTextEncoder'),
            classes={classes!r}),
        fusion=dict(type='IFM')),
    head=dict(type='SimilarityHead', scale=20.0))
test_dataloader = dict(
    batch_size=2,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='MultiLabelDataset',
        data_root={root!r},
        ann_file='labels.json',
        pipeline=[
            dict(type='LoadPicture'),
            dict(type='Resize', scale=(64, 64)),
            dict(type='PackInputs')]))
test_evaluator = dict(type='MultiLabelMetric', thr=0.5)
test_cfg = dict()
"""


@pytest.fixture(scope='session')
def trained(tiny_clip, tmp_path_factory):
    """Paths of a work dir, its config and checkpoint, and of seven pictures."""
    root = tmp_path_factory.mktemp('trained')
    rng = np.random.default_rng(0)
    paths = []
    for i in range(7):
        small = rng.integers(0, 255, (3, 4, 3), np.uint8)
        img = cv2.resize(small, (60 + 9 * i, 90 - 5 * i))
        paths.append(str(root / f'{i}.png'))
        cv2.imwrite(paths[-1], img)
    names = root / 'classes.json'
    names.write_text(json.dumps(CLASSES))
    records = [dict(img_path=f'{i}.png', gt_label=[i % 3]) for i in range(7)]
    content = dict(metainfo=dict(classes=CLASSES), data_list=records)
    (root / 'labels.json').write_text(json.dumps(content))
    folder = root / 'run'
    folder.mkdir()
    config = folder / 'tiny.py'
    text = CONFIG.replace('{clip!r}', repr(tiny_clip('vit')))
    text = text.replace('{classes!r}', repr(str(names)))
    config.write_text(text.replace('{root!r}', repr(str(root))))
    torch.manual_seed(1)
    model = build_model(read_config(config))
    with torch.no_grad():
        model.head.bias.fill_(-1)
        for weight in model.neck.fusion.parameters():  # so that it does something
            weight.normal_(std=0.2)
    meta = dict(dataset_meta=dict(classes=CLASSES))
    checkpoint = folder / 'epoch_1.pth'
    torch.save(dict(state_dict=model.state_dict(), meta=meta), checkpoint)
    (folder / 'last_checkpoint').write_text(f'/elsewhere/{checkpoint.name}')
    return SimpleNamespace(
        folder=folder, config=config, checkpoint=checkpoint, pictures=paths, root=root
    )
