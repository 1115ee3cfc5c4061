import csv
import json

import numpy as np
import pytest
import torch
from PIL import Image

from mvlr_mm.apis import LoadedModel, MultiLabelInferencer
from mvlr_mm.packs import load_pack, read_pack, write_pack
from mvlr_mm.packs.files import ONNX

pytest.importorskip('onnxruntime')
pytest.importorskip('onnxscript')
onnx = pytest.importorskip('onnx')


@pytest.fixture(scope='module')
def exported(make, tmp_path_factory):
    """A pack with a graph."""
    thresholds = {'cat': 0.25, 'traffic light': float('inf'), 'boat': 0.001}
    # the scan is exported in the tests of mvlr_mm.export
    given = make(thresholds=dict.fromkeys(thresholds, 0.9), interaction=None)
    steps = [dict(s) for s in given.pipeline]
    steps[1]['scale'] = (96, 64)
    given = LoadedModel(
        given.model, given.classes, steps, given.thresholds, given.config
    )
    folder = tmp_path_factory.mktemp('onnx') / 'pack'
    write_pack(folder, given, with_onnx=True, thresholds=thresholds)
    return folder


def read_as_imgutils(folder, image):
    """Return score and threshold by name, by the steps of imgutils' reader.

    See ``imgutils/generic/multilabel_timm.py`` and ``imgutils/preprocess/pillow.py``.
    """
    import onnxruntime

    resize, to_tensor, normalize = json.loads((folder / 'preprocess.json').read_text())[
        'test'
    ]
    assert (resize['type'], to_tensor) == ('resize', {'type': 'maybe_to_tensor'})
    height, width = resize['size']
    kind = getattr(Image.Resampling, resize['interpolation'].upper())
    pixels = np.asarray(image.convert('RGB').resize((width, height), kind))
    values = pixels.transpose(2, 0, 1).astype(np.float32) / 255
    mean, std = (np.float32(normalize[k]).reshape(3, 1, 1) for k in ('mean', 'std'))
    session = onnxruntime.InferenceSession(folder / 'model.onnx')
    names = [output.name for output in session.get_outputs()]
    found = session.run(names, {'input': ((values - mean) / std)[None]})
    scores = dict(zip(names, found, strict=True))['prediction'][0]
    with open(folder / 'selected_tags.csv', newline='') as file:
        rows = list(csv.DictReader(file))
    return {
        row['name']: (score, float(row['best_threshold']))
        for row, score in zip(rows, scores, strict=True)
    }


def test_its_reader_gives_the_scores_of_the_model(exported):
    rng = np.random.default_rng(0)
    small = Image.fromarray(rng.integers(0, 255, (6, 8, 3), np.uint8))
    image = small.resize((120, 90), Image.Resampling.BICUBIC)
    found = read_as_imgutils(exported, image)
    own = MultiLabelInferencer(exported, device='cpu')([image], fmt='scores')[0].scores
    np.testing.assert_allclose([s for s, _ in found.values()], own, atol=1e-4)
    assert {name: x for name, (_, x) in found.items()} == read_pack(exported).thresholds


def test_the_graph_has_the_thresholds_of_the_pack(exported):
    graph = onnx.load(exported / 'model.onnx')
    about = {x.key: x.value for x in graph.metadata_props}
    about = {key: json.loads(about[key]) for key in ('labels', 'thresholds')}
    assert dict(zip(about['labels'], about['thresholds'], strict=True)) == {
        name: None if np.isinf(x) else x
        for name, x in read_pack(exported).thresholds.items()
    }


def test_the_tables_name_one_category(exported):
    (category,) = json.loads((exported / 'categories.json').read_text())
    with open(exported / 'selected_tags.csv', newline='') as file:
        assert {row['category'] for row in csv.DictReader(file)} == {'0'}
    with open(exported / 'thresholds.csv', newline='') as file:
        (row,) = csv.DictReader(file)
    assert (row['category'], row['name']) == (
        str(category['category']),
        category['name'],
    )
    preprocess = json.loads((exported / 'preprocess.json').read_text())
    assert preprocess['val'] == preprocess['test']


def test_they_are_checked_as_the_others(exported, tmp_path):
    for name in ONNX:
        path = exported / name
        content = path.read_bytes()
        path.write_bytes(content[:-1])
        with pytest.raises(ValueError, match=f'{name} is not the file'):
            load_pack(exported)
        path.write_bytes(content)
    assert load_pack(exported).classes


def test_what_the_reader_cannot_do_is_said(loaded, tmp_path):
    steps = [*loaded.pipeline[:1], dict(type='Resize', scale=64), loaded.pipeline[-1]]
    given = LoadedModel(loaded.model, loaded.classes, steps, None, loaded.config)
    with pytest.raises(ValueError, match=r'--onnx: the test .*Resize\(backend='):
        write_pack(tmp_path / 'pack', given, with_onnx=True)
    assert not list(tmp_path.iterdir())
    assert torch.is_grad_enabled()
