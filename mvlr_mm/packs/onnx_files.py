"""The files by which imgutils' multi-label reader loads a pack.

``MultiLabelTIMMModel`` of `dghs-imgutils <https://github.com/deepghs/imgutils>`_ reads
a graph from ``input`` to ``prediction``, the labels with their best thresholds, their
categories, of which there is one here, and the steps before the graph.
"""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ..export import describe_model, trace_scores, write_onnx
from ..export.check import check_scores, onnx_scorer, torch_scorer
from ..export.graph import ScoreModel, stride_of
from ..extras import require
from ..loaded_model import LoadedModel

_NAMES = {'images': 'input', 'scores': 'prediction'}
_CATEGORY = 'label'
_DEFAULT = 0.5  # threshold of labels that have none


def onnx_files(
    loaded: LoadedModel, thresholds: Mapping[str, float] | None
) -> dict[str, bytes]:
    """Return the contents of the files by name.

    Args:
        loaded: The model.
        thresholds: By label.

    Raises:
        ImportError: A package of the extra ``export`` is not installed.
        RuntimeError: The graph's scores are not the model's.
        ValueError: The model cannot be exported, or the reader cannot bring pictures to
            it as its test does.
    """
    for package in ('onnx', 'onnxscript', 'onnxruntime'):
        require(package, extra='export')
    thresholds = None if thresholds is None else dict(thresholds)
    description = describe_model(replace(loaded, thresholds=thresholds))
    steps = _steps(description['preprocessing'])
    found = dict.fromkeys(loaded.classes, _DEFAULT) | (thresholds or {})
    rows = [(i, name, 0, found[name]) for i, name in enumerate(loaded.classes)]
    return {
        'model.onnx': _graph(loaded, description),
        'selected_tags.csv': _csv(('id', 'name', 'category', 'best_threshold'), rows),
        'preprocess.json': _json({'test': steps, 'val': steps}),
        'thresholds.csv': _csv(
            ('category', 'name', 'threshold'), [(0, _CATEGORY, _DEFAULT)]
        ),
        'categories.json': _json([{'category': 0, 'name': _CATEGORY}]),
    }


def _steps(preprocessing: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the steps before the graph, for pixels in 0 to 1.

    Raises:
        ValueError: The reader has none that does the same.
    """
    told = {key: preprocessing[key] for key in ('backend', 'channels')}
    if told != {'backend': 'pillow', 'channels': 'RGB'}:
        raise ValueError(
            f'--onnx: the test brings pictures to the model by {told}, and the reader '
            "of imgutils by Pillow in RGB: train and test with Resize(backend='pillow')"
            ' and data_preprocessor.to_rgb=True, or use `mvlr export`.'
        )
    mean, std = ([x / 255 for x in preprocessing[key]] for key in ('mean', 'std'))
    return [
        {
            'type': 'resize',
            'size': preprocessing['size'],
            'interpolation': preprocessing['interpolation'],
            'antialias': True,
        },
        {'type': 'maybe_to_tensor'},
        {'type': 'normalize', 'mean': mean, 'std': std},
    ]


def _graph(loaded: LoadedModel, description: dict[str, Any]) -> bytes:
    onnx = require('onnx', extra='export')
    size = description['preprocessing']['size']
    own = ScoreModel(loaded.model)
    with TemporaryDirectory() as folder:
        path = Path(folder, 'model.onnx')
        write_onnx(trace_scores(loaded.model, *size), path, description)
        scorers = (onnx_scorer(path), torch_scorer(own))
        check_scores(*scorers, *size, stride_of(own, *size))
        model = onnx.load(str(path))
    for value in (*model.graph.input, *model.graph.output):
        value.name = _NAMES.get(value.name, value.name)
    for node in model.graph.node:
        for names in (node.input, node.output):
            names[:] = [_NAMES.get(name, name) for name in names]
    onnx.checker.check_model(model)
    return model.SerializeToString()


def _csv(header: Sequence[str], rows: Sequence[Sequence[object]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator='\n')
    writer.writerows([header, *rows])
    return text.getvalue().encode('utf-8')


def _json(content: object) -> bytes:
    text = json.dumps(content, indent=1, ensure_ascii=False)
    return (text + '\n').encode('utf-8')
