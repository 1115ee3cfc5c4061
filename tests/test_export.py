"""What stands behind the image tower of every config can be exported for any size."""

import json
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmpretrain.registry import MODELS
from torch import nn
from torch.export import Dim

from mvlr_mm import VLFeatures
from mvlr_mm.export import any_size_padding

ROOT = Path(__file__).parents[1] / 'configs'
# a config of each kind of image tower, necks and heads being those of the configs; and
# by how many pixels the sizes of its pictures go
WHOLE = [
    ('mvlr_rn101_coco_literal', 32),
    ('baseline_rn101_coco', 32),
    ('mvlr_vitb16_coco', 16),
    ('mvlr_custom_small-clip', 32),
    ('stock_mobilenetv2_custom', 32),
]


def distinct():
    """Return the configs that differ in neck and head by more than the labels."""
    found = {}
    for path in sorted(ROOT.glob('[!_]*/**/*.py')):
        model = Config.fromfile(path).model
        if model.type == 'VLClassifier':
            neck, head = model.get('neck'), model.head
            if neck and 'prompt' in neck:
                neck.prompt.update(classes=None, text_encoder=None)
            for key in ('bias', 'classes'):
                head.pop(key, None)
            parts = json.dumps([neck, head], sort_keys=True)
            found.setdefault(parts, path)
    return list(found.values())


class FromPatches(nn.Module):
    """Neck and head of a classifier, from the patches of a tower on."""

    def __init__(self, classifier):
        super().__init__()
        self.neck = classifier.neck if classifier.with_neck else nn.Identity()
        self.head = classifier.head
        self.embed_dim = classifier.backbone.embed_dim

    def forward(self, patches):
        return self.head(self.neck(VLFeatures(patches, (1, patches.shape[1]))))


def build(path, tiny_config):
    """Build a config's model, and give what starts at zero a value."""
    model = MODELS.build(tiny_config(path).model).eval()
    torch.manual_seed(0)
    for parameter in model.parameters():
        if parameter.requires_grad and not parameter.any():
            nn.init.normal_(parameter, std=0.1)
    return model


def assert_no_text(program):
    """The labels' encodings are constants: no weight of the text tower is used."""
    used = [n for n in program.graph.nodes if n.users and 'text_encoder' in n.name]
    assert not used


@pytest.mark.parametrize('path', distinct(), ids=lambda path: path.stem)
def test_neck_and_head_for_any_batch_and_number_of_patches(path, tiny_config):
    model = FromPatches(build(path, tiny_config))
    # none of these lengths is that of another dimension, which it would be taken for
    example = torch.randn(5, 7, model.embed_dim)
    with torch.no_grad():
        model(example)  # what no picture changes is computed once, before the export
    sizes = {0: Dim('batch', max=64), 1: Dim('patches', max=4096)}
    program = torch.export.export(
        model, (example,), dynamic_shapes=(sizes,), strict=False
    )
    assert_no_text(program)
    exported = program.module()
    with torch.no_grad():
        for shape in ((2, 6), (1, 1), (3, 40), (1, 100)):
            patches = torch.randn(*shape, model.embed_dim)
            torch.testing.assert_close(exported(patches), model(patches))


@pytest.mark.parametrize(('name', 'step'), WHOLE)
def test_a_whole_model_for_any_batch_and_size(name, step, tiny_config):
    model = build(ROOT / f'mvlr/{name}.py', tiny_config)
    example = torch.randn(2, 3, 64, 96)
    with torch.no_grad():
        model(example)
    rows, columns = (
        step * Dim(name, min=64 // step, max=512 // step)
        for name in ('rows', 'columns')
    )
    sizes = {0: Dim('batch', min=1, max=64), 2: rows, 3: columns}
    with any_size_padding():
        program = torch.export.export(
            model, (example,), dynamic_shapes=(sizes,), strict=False
        )
    assert_no_text(program)
    exported = program.module()
    with torch.no_grad():
        for shape in ((1, 64, 64), (3, 128, 96)):
            images = torch.randn(shape[0], 3, *shape[1:])
            torch.testing.assert_close(exported(images), model(images))


def test_weights_that_change_before_the_export_are_those_of_the_graph(tiny_config):
    model = FromPatches(build(ROOT / 'mvlr/mvlr_rn101_coco.py', tiny_config))
    example = torch.randn(2, 6, 16)
    with torch.no_grad():
        before = model(example)
        # as an average of weights is taken back: where autograd does not count
        model.neck.prompt.soft_prompt.data.normal_()
        program = torch.export.export(model, (example,), strict=False)
        torch.testing.assert_close(program.module()(example), model(example))
        assert (model(example) - before).abs().max() > 1e-3
