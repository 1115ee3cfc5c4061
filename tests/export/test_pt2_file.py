"""A ViT, whose attention torch would fix to more than one picture."""

import json
import subprocess
import sys

import pytest
import torch
from mmpretrain.registry import MODELS
from torch import nn

from mvlr_mm.export import trace_scores, write_pt2
from mvlr_mm.export.graph import ScoreModel, stride_of

DESCRIPTION = {'labels': ['a', 'b', 'Bär'], 'thresholds': None}


@pytest.fixture(scope='module')
def model(tiny_clip):
    torch.manual_seed(0)
    built = MODELS.build(
        dict(
            type='VLClassifier',
            clip=tiny_clip('vit'),
            backbone=dict(type='CLIPBackbone'),
            neck=dict(
                type='NeckSequence',
                prompt=dict(
                    type='PDLR',
                    text_encoder=dict(type='CLIPTextEncoder'),
                    classes=DESCRIPTION['labels'],
                ),
                interaction=dict(type='QMVL', zero_init=False),
            ),
            head=dict(type='SimilarityHead', scale=20.0),
        )
    )
    return built.eval()


def test_torch_alone_loads_it_for_any_batch_and_size(model, tmp_path):
    path = tmp_path / 'model.pt2'
    write_pt2(trace_scores(model, 64, 96), path, DESCRIPTION)
    cases = []
    for shape in ((1, 64, 96), (3, 64, 96), (1, 96, 64), (4, 96, 64)):
        images = torch.randn(shape[0], 3, *shape[1:])
        with torch.no_grad():
            cases.append((images, model(images).sigmoid()))
    torch.save(cases, tmp_path / 'cases.pth')
    script = (
        'import json, sys, torch\n'
        'extra = {"metadata.json": ""}\n'
        'program = torch.export.load(sys.argv[1], extra_files=extra).module()\n'
        'for images, expected in torch.load(sys.argv[2]):\n'
        '    torch.testing.assert_close(program(images), expected, atol=1e-4, rtol=0)\n'
        'assert not [name for name in sys.modules if name.startswith("mvlr")]\n'
        'print(json.dumps(json.loads(extra["metadata.json"])))\n'
    )
    command = [sys.executable, '-c', script, str(path), str(tmp_path / 'cases.pth')]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == DESCRIPTION


def test_the_model_itself_stays_as_it_is(model):
    assert model.neck.interaction.visual.scan_backend is None
    assert stride_of(ScoreModel(model), 64, 96) == 16


def test_a_head_of_one_label_is_refused():
    with pytest.raises(ValueError, match='score for each label'):
        ScoreModel(nn.Linear(1, 1))
