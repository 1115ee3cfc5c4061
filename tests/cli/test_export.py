"""The whole command on a tiny model, whose pictures a script without torch tags."""

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from mmpretrain.registry import MODELS
from torch import nn

from mvlr_mm.apis import MultiLabelInferencer, load_model
from mvlr_mm.config import read_config
from mvlr_stack.command import parse

pytest.importorskip('onnxscript')
onnx = pytest.importorskip('onnx')
onnxruntime = pytest.importorskip('onnxruntime')

from mvlr_mm.cli import export  # noqa: E402

EXAMPLE = Path(__file__).parents[2] / 'docs/examples/tag_onnx.py'
CLASSES = ['cat', 'dog', 'boat', 'Bär', 'sea']
CONFIG = """
custom_imports = dict(imports=['mvlr_mm'], allow_failed_imports=False)
default_scope = 'mmpretrain'
data_preprocessor = dict(mean=[120, 110, 100], std=[60, 70, 80], to_rgb=True)
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
        fusion=dict(type='IFM'),
        interaction=dict(type='QMVL')),
    head=dict(type='SimilarityHead', scale=20.0))
loader = dict(
    batch_size=2,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='MultiLabelDataset',
        data_root={root!r},
        ann_file='labels.json',
        pipeline=[
            dict(type='LoadPicture'),
            dict(
                type='Resize',
                scale=(96, 64),
                interpolation='bicubic',
                backend='pillow'),
            dict(type='PackInputs')]))
val_dataloader = test_dataloader = loader
"""


def write_pictures(root):
    """Write pictures of several sizes and their labels; return the paths."""
    rng = np.random.default_rng(0)
    paths, records = [], []
    for i in range(5):
        paths.append(str(root / f'{i}.png'))
        small = rng.integers(0, 255, (3, 4, 3), np.uint8)
        cv2.imwrite(paths[-1], cv2.resize(small, (60 + 9 * i, 90 - 5 * i)))
        records.append(dict(img_path=f'{i}.png', gt_label=[i]))
    content = dict(metainfo=dict(classes=CLASSES), data_list=records)
    (root / 'labels.json').write_text(json.dumps(content))
    return paths


@pytest.fixture(scope='module')
def model(tiny_clip, tmp_path_factory):
    """Paths of a config, a checkpoint and pictures."""
    root = tmp_path_factory.mktemp('export')
    config, checkpoint = root / 'tiny.py', root / 'tiny.pth'
    text = CONFIG.replace('{clip!r}', repr(tiny_clip('resnet')))
    text = text.replace('{classes!r}', repr(CLASSES))
    config.write_text(text.replace('{root!r}', repr(str(root))))
    torch.manual_seed(0)
    built = MODELS.build(read_config(config).model)
    with torch.no_grad():
        for weight in built.parameters():
            if weight.requires_grad and not weight.any():
                nn.init.normal_(weight, std=0.1)
    torch.save(dict(state_dict=built.state_dict()), checkpoint)
    records = [dict(name=name, threshold=i / 10) for i, name in enumerate(CLASSES)]
    content = dict(format='mvlr-thresholds-1', labels=records)
    (root / 'thresholds.json').write_text(json.dumps(content))
    pictures = write_pictures(root)
    return SimpleNamespace(config=config, checkpoint=checkpoint, pictures=pictures)


def export_words(model, out, *more):
    words = ['export', model.config, '--checkpoint', model.checkpoint, '--out', out]
    return parse([str(word) for word in (*words, *more)])


@pytest.fixture(scope='module')
def written(model):
    """The ONNX file that the command writes."""
    path = model.config.parent / 'out/model.onnx'
    assert export.run(export_words(model, path)) == 0
    return path


def test_the_scan_is_one_node_the_text_is_gone_and_so_are_paths(written):
    content = onnx.load(written)
    kinds = [node.op_type for node in content.graph.node]
    assert kinds.count('Scan') == 4  # a former and a latter part, for each modality
    names = [tensor.name for tensor in content.graph.initializer]
    assert not [name for name in names if 'text_encoder' in name]
    assert str(Path(export.__file__).parents[1]).encode() not in written.read_bytes()
    shape = content.graph.input[0].type.tensor_type.shape.dim
    assert [dim.dim_value for dim in shape] == [0, 3, 0, 0]  # 0 is any
    props = {
        entry.key: json.loads(entry.value)
        for entry in content.metadata_props
        if entry.key in ('labels', 'thresholds', 'preprocessing')
    }
    assert props['labels'] == CLASSES
    assert props['thresholds'] == [0.0, 0.1, 0.2, 0.3, 0.4]
    assert props['preprocessing']['size'] == [64, 96]


@pytest.mark.parametrize('sides', [(64, 64), (128, 96)])
@pytest.mark.parametrize('batch', [1, 2, 4])
def test_scores_at_other_sizes_and_batches(model, written, batch, sides):
    torch.manual_seed(1)
    images = torch.randn(batch, 3, *sides)
    classifier = load_model(model.config, model.checkpoint).model
    with torch.no_grad():
        expected = classifier(images).sigmoid().numpy()
    session = onnxruntime.InferenceSession(str(written))
    (scores,) = session.run(['scores'], {'images': images.numpy()})
    np.testing.assert_allclose(scores, expected, atol=1e-4)
    assert expected.std() > 1e-3


def test_the_example_tags_without_torch(model, written):
    script = (
        f'import runpy, sys; sys.argv[1:] = {[str(written), *model.pictures]!r}\n'
        f'runpy.run_path({str(EXAMPLE)!r}, run_name="__main__")\n'
        'assert not {"torch", "cv2", "mmengine", "mvlr_mm"} & set(sys.modules)\n'
    )
    ran = subprocess.run(
        [sys.executable, '-c', script], capture_output=True, text=True, encoding='utf-8'
    )
    assert ran.returncode == 0, ran.stderr
    inferencer = MultiLabelInferencer(str(model.config), str(model.checkpoint), 'cpu')
    thr = {name: i / 10 for i, name in enumerate(CLASSES)}
    found = inferencer(model.pictures, thr=thr)
    for line, result in zip(ran.stdout.splitlines(), found, strict=True):
        path, tags = line.split('\t')
        assert path == result.path
        shown = [tag.rsplit(' ', 1) for tag in tags.split(', ')]
        assert [name for name, _ in shown] == [name for name, _ in result.tags]
        expected = [score for _, score in result.tags]
        np.testing.assert_allclose([float(x) for _, x in shown], expected, atol=6e-4)
    assert len(EXAMPLE.read_text().splitlines()) <= 30


SEEN = """
import runpy, sys
from PIL import Image
resize = Image.Image.resize
def seen(self, size, resample):
    print(resample.name, file=sys.stderr)
    return resize(self, size, resample)
Image.Image.resize = seen
"""


@pytest.mark.parametrize(('kind', 'pillow'), [('lanczos', 'LANCZOS'), ('area', 'BOX')])
def test_the_example_knows_what_opencv_calls_otherwise(written, tmp_path, kind, pillow):
    picture, changed = str(tmp_path / 'a.png'), onnx.load(written)
    cv2.imwrite(picture, np.zeros((9, 9, 3), np.uint8))
    (entry,) = (e for e in changed.metadata_props if e.key == 'preprocessing')
    entry.value = json.dumps(json.loads(entry.value) | {'interpolation': kind})
    onnx.save(changed, tmp_path / 'x.onnx')
    script = SEEN + f'sys.argv[1:] = {[str(tmp_path / "x.onnx"), picture]!r}\n'
    script += f'runpy.run_path({str(EXAMPLE)!r}, run_name="__main__")'
    ran = subprocess.run([sys.executable, '-c', script], capture_output=True, text=True)
    assert (ran.returncode, ran.stderr.split()) == (0, [pillow])


def test_8_bits_are_refused_where_they_lose_too_much(
    model, written, monkeypatch, capsys
):
    monkeypatch.setattr(export, 'trace_scores', lambda *args: None)
    monkeypatch.setitem(
        export.WRITERS,
        'onnx',
        (
            lambda program, path, about: path.write_bytes(written.read_bytes()),
            export.onnx_scorer,
        ),
    )
    out = model.config.parent / 'int8.onnx'
    args = export_words(model, out, '--int8', model.config)
    monkeypatch.setattr(export, 'MOST_LOST', -101)
    with pytest.raises(ValueError, match=r'--int8: mAP .* nothing was written'):
        export.run(args)
    assert not out.exists()
    monkeypatch.setattr(export, 'MOST_LOST', 101)
    assert export.run(args) == 0
    printed = capsys.readouterr().out
    assert 'convolutions and linear maps in 8 bits' in printed
    props = {entry.key: entry.value for entry in onnx.load(out).metadata_props}
    assert json.loads(props['labels']) == CLASSES


def test_what_cannot_go_together_stops_at_once(model, tmp_path, capsys):
    with pytest.raises(SystemExit):
        export_words(model, tmp_path / 'x.pt2', '--format', 'pt2', '--int8', 'x.py')
    for words in (['x.pt2'], ['x.onnx', '--format', 'pt2']):
        with pytest.raises(SystemExit):
            export_words(model, tmp_path / words[0], *words[1:])
        assert f'say --format {words[0][2:]}' in capsys.readouterr().err
    (tmp_path / 'there.onnx').write_text('')
    with pytest.raises(SystemExit):
        export_words(model, tmp_path / 'there.onnx')
