import json
import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from mvlr_mm.datasets.transforms import NativeResize
from mvlr_mm.export.metadata import describe_model, to_texts
from mvlr_mm.loaded_model import LoadedModel

RESIZE = dict(type='Resize', scale=(96, 64), interpolation='bicubic', backend='pillow')


def loaded(*steps, mean=(1.0, 2.0, 3.0), rgb=True, thresholds=None):
    preprocessor = SimpleNamespace(to_rgb=rgb)
    if mean is not None:
        preprocessor.mean = torch.tensor(mean).view(-1, 1, 1)
        preprocessor.std = torch.tensor([4.0, 5.0, 6.0]).view(-1, 1, 1)
    pipeline = [dict(type='LoadPicture'), *steps, dict(type='PackPlanes')]
    model = torch.nn.Module()
    model.data_preprocessor = preprocessor
    return LoadedModel(model, ('Katze', 'Bär'), pipeline, thresholds, config=None)


def test_what_a_file_says_of_itself():
    found = describe_model(loaded(RESIZE, thresholds={'Bär': 0.25, 'Katze': 0.75}))
    assert found['labels'] == ['Katze', 'Bär']
    assert found['thresholds'] == [0.75, 0.25]
    assert found['preprocessing'] == dict(
        size=[64, 96],
        interpolation='bicubic',
        backend='pillow',
        channels='RGB',
        mean=[1.0, 2.0, 3.0],
        std=[4.0, 5.0, 6.0],
        decoding='whole',
    )
    texts = to_texts(found)
    assert texts['format'] == 'mvlr-export-1'
    assert json.loads(texts['labels']) == ['Katze', 'Bär']


def test_a_label_that_is_never_predicted_is_null_in_json():
    found = describe_model(loaded(RESIZE, thresholds={'Bär': 0.25, 'Katze': math.inf}))
    texts = to_texts(found)
    assert texts['thresholds'] == '[null, 0.25]'
    # as docs/examples/tag_onnx.py reads it: no score reaches it
    least = np.array(json.loads(texts['thresholds']), float)
    assert (np.float32([1, 1]) >= least).tolist() == [False, True]


def test_thresholds_of_other_labels_are_refused():
    with pytest.raises(ValueError, match=r"thresholds lacks 1 of the 2 .*'Katze'"):
        describe_model(loaded(RESIZE, thresholds={'Bär': 0.25}))


def test_defaults_of_the_transforms_and_of_the_preprocessor():
    found = describe_model(loaded(dict(type='Resize', scale=64), mean=None, rgb=False))
    assert found['thresholds'] is None
    assert found['preprocessing'] == dict(
        size=[64, 64],
        interpolation='bilinear',
        backend='cv2',
        channels='BGR',
        mean=[0.0] * 3,
        std=[1.0] * 3,
        decoding='whole',
    )


def test_the_native_resize_is_pillows():
    found = describe_model(loaded(dict(type='NativeResize', scale=64)))
    assert found['preprocessing']['backend'] == 'pillow'
    assert found['preprocessing']['size'] == [64, 64]


@pytest.mark.parametrize(
    ('loader', 'decoding'),
    [
        (dict(type='LoadImageFromFile'), 'whole'),
        (dict(type='LoadImageReduced', scale=(64, 64)), 'reduced'),
    ],
)
def test_how_pictures_are_decoded_is_said(loader, decoding):
    found = loaded(RESIZE)
    found.pipeline[0] = loader
    assert describe_model(found)['preprocessing']['decoding'] == decoding


def test_pictures_in_grey_are_refused():
    found = loaded(RESIZE)
    found.pipeline[0] = dict(type='LoadImageFromFile', color_type='grayscale')
    with pytest.raises(
        ValueError, match="LoadImageFromFile has color_type='grayscale'"
    ):
        describe_model(found)


@pytest.mark.parametrize(
    'steps',
    [
        (),
        (dict(type='ResizeEdge', scale=64), dict(type='CenterCrop', crop_size=64)),
        (dict(RESIZE, keep_ratio=True),),
        (RESIZE, dict(type='CenterCrop', crop_size=64)),
        (dict(type='Resize', scale_factor=2.0),),
    ],
)
def test_other_transforms_are_refused(steps):
    with pytest.raises(ValueError, match=r"LoadPicture.*type='Resize'"):
        describe_model(loaded(*steps))


def test_types_may_be_classes_as_in_new_configs():
    by_name = describe_model(loaded(dict(type='NativeResize', scale=(96, 64))))
    assert describe_model(loaded(dict(type=NativeResize, scale=(96, 64)))) == by_name
    assert by_name['preprocessing']['backend'] == 'pillow'
