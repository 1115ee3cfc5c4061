"""Towers of full size on real pictures; random weights, as nothing is downloaded."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope
from mmpretrain.registry import MODELS
from torch import nn

from mvlr_mm.apis.prepare import Preparation
from mvlr_mm.config import read_config
from mvlr_mm.export import trace_scores, write_onnx
from mvlr_mm.export.check import onnx_scorer

pytest.importorskip('onnxruntime')
pytest.importorskip('onnxscript')

CONFIGS = Path(__file__).parents[2] / 'configs/mvlr'
SIZES = ((224, 224), (256, 320))
PICTURES = 6  # a size: batches of one, two and three


def build(name, shared_data):
    """Return a config's model; the small CLIP has its weights, the others none."""
    mini = shared_data / 'clip_mini/clip_mini'
    clip = {'model.clip.pretrained': None}
    if 'small-clip' in name:
        clip = {
            'model.clip.model': f'{mini}.json',
            'model.clip.pretrained': f'{mini}_fp16.safetensors',
            'classes': 'coco',
        }
    cfg = read_config(CONFIGS / name, clip)
    DefaultScope.get_instance('towers', scope_name='mmpretrain')
    torch.manual_seed(0)
    settings = cfg.model.to_dict()
    settings['data_preprocessor'] = cfg.data_preprocessor
    model = MODELS.build(settings).eval()
    with torch.no_grad():
        for weight in model.neck.parameters():
            if weight.requires_grad and not weight.any():
                nn.init.normal_(weight, std=0.02)
    return model


def pictures(model, shared_data, size):
    """Return real pictures as the model gets them, (B, 3, H, W)."""
    resize = dict(type='Resize', scale=size[::-1], backend='pillow')
    steps = [dict(type='LoadPicture'), resize, dict(type='PackInputs')]
    paths = sorted((shared_data / 'coco18/images').iterdir())[:PICTURES]
    prepare = Preparation(steps)
    inputs = [prepare(str(path)).data['inputs'] for path in paths]
    return model.data_preprocessor({'inputs': inputs}, False)['inputs']


@pytest.mark.slow
@pytest.mark.parametrize(
    'name', ['mvlr_rn101_coco.py', 'mvlr_vitb16_coco.py', 'mvlr_custom_small-clip.py']
)
def test_scores_on_real_pictures(name, shared_data, tmp_path):
    model = build(name, shared_data)
    path = tmp_path / 'model.onnx'
    write_onnx(trace_scores(model, *SIZES[0]), path, {'labels': []})
    score = onnx_scorer(path)
    for size in SIZES:
        images = pictures(model, shared_data, size)
        for batch in images.split([1, 2, 3]):
            with torch.no_grad():
                expected = model(batch).sigmoid().numpy()
            found = score(batch.numpy())
            print(name, tuple(batch.shape), np.abs(found - expected).max())
            np.testing.assert_allclose(found, expected, atol=1e-4, rtol=0)
            assert expected.std() > 1e-4
