"""A small trained model, and the pack of it."""

import hashlib
import shutil

import pytest
import torch
from mmengine.config import Config

from mvlr_mm.apis import LoadedModel
from mvlr_mm.loaded_model import build_model
from mvlr_mm.packs import write_pack
from mvlr_mm.packs.files import SUMS

CLASSES = ['cat', 'traffic light', 'boat']
PIPELINE = [
    dict(type='LoadPicture'),
    dict(type='Resize', scale=(64, 48), interpolation='bicubic', backend='pillow'),
    dict(type='PackPlanes'),
]
PROMPT = dict(type='PDLR', text_encoder=dict(type='CLIPTextEncoder'), classes=CLASSES)


@pytest.fixture(scope='session')
def make(tiny_clip):
    """Build a model with weights that say something, as `load_model` gives it."""

    def make(
        prompt=PROMPT, kind='resnet', thresholds=None, head=None, parts=None, **stages
    ):
        model = dict(
            type='VLClassifier',
            clip=tiny_clip(kind),
            backbone=dict(type='CLIPBackbone'),
            neck=dict(
                type='NeckSequence',
                prompt=prompt,
                fusion=dict(type='IFM'),
                **{'interaction': dict(type='QMVL', zero_init=False), **stages},
            ),
            head=dict(type='SimilarityHead', scale=20.0, **(head or {})),
        )
        model.update(parts or {})  # another neck or head altogether
        config = Config(
            dict(
                model=model,
                data_preprocessor=dict(
                    mean=[120, 110, 100], std=[60.5] * 3, to_rgb=True
                ),
                test_evaluator=[
                    dict(type='MultiLabelProtocol', protocol='asl', thr=0.8)
                ],
            )
        )
        torch.manual_seed(1)
        built = build_model(config)
        with torch.no_grad():
            for part in (built.neck, built.head) if built.with_neck else (built.head,):
                for weight in part.parameters():
                    if weight.requires_grad:
                        weight.add_(0.1 * torch.randn_like(weight))
        return LoadedModel(built, tuple(CLASSES), PIPELINE, thresholds, config)

    return make


@pytest.fixture(scope='session')
def loaded(make):
    return make(thresholds={'cat': 0.25, 'traffic light': float('inf'), 'boat': 0.7})


@pytest.fixture(scope='session')
def packed(loaded, tmp_path_factory):
    """Folder of the pack of `loaded`; not to be changed."""
    folder = tmp_path_factory.mktemp('packs') / 'pack'
    write_pack(
        folder,
        loaded,
        temperatures=dict.fromkeys(CLASSES, 1.5),
        metrics={'mlgcn/mAP': 71.25, 'mlgcn/CF1': None},
        licence='CC-BY-4.0',
    )
    return folder


@pytest.fixture
def folder(packed, tmp_path):
    """A copy of the pack, to be changed."""
    return shutil.copytree(packed, tmp_path / 'pack')


@pytest.fixture
def sign():
    """Give a changed pack the checksums of what it now holds."""

    def sign(folder, *names):
        names = names or ('pack.json', 'model.safetensors')
        sums = {n: hashlib.sha256((folder / n).read_bytes()).hexdigest() for n in names}
        (folder / SUMS).write_text(''.join(f'{x}  {n}\n' for n, x in sums.items()))

    return sign
