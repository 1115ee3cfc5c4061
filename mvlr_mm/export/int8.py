"""ONNX graphs with weights and maps of the image tower in 8 bits."""

from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from mvlr_stack.outputs import whole_file

from ..extras import require
from .quiet import no_remarks

_TOWER = 'classifier.backbone'  # in the names of modules that torch notes
_KINDS = ('Conv', 'Gemm', 'MatMul')
# Of a map's values, those that its 8 bits span. All of them (the smallest to the
# largest) cost the small CLIP 1.1 points of mAP instead of 0.7.
_PERCENTILE = 99.99


def quantize(
    source: str | Path, path: str | Path, pictures: Iterable[np.ndarray]
) -> int:
    """Write a graph of :func:`mvlr_mm.export.write_onnx` in 8 bits: static, QDQ.

    Weights get a scale for each output channel, maps one each, from nearly all of its
    values on the pictures. The first convolution, all that is no convolution or
    linear map of the image tower (its norms, its attention), and all behind the tower
    (the scans among it) stay in float.

    Args:
        source: The graph in float.
        path: The file to write, whole or not at all.
        pictures: Batches (B, 3, H, W) to calibrate on, normalised.

    Returns:
        How many convolutions and linear maps are in 8 bits.

    Raises:
        ImportError: onnxruntime or onnx is not installed.
        ValueError: There is nothing that could be in 8 bits, or no picture.
    """
    onnx = require('onnx', extra='export')
    tools = require('onnxruntime.quantization', extra='export')
    model = onnx.load(str(source))
    names = quantized_nodes(model.graph)
    if not names:
        raise ValueError(
            f'{source} has no second convolution or map of an image tower.'
        )
    pictures = iter(pictures)
    first = next(pictures, None)
    if first is None:
        raise ValueError('there is no picture to calibrate on.')
    reader = _reader(tools, chain([first], pictures))
    with TemporaryDirectory() as folder, no_remarks():
        raw = Path(folder, 'int8.onnx')
        tools.quantize_static(
            str(source),
            str(raw),
            reader,
            quant_format=tools.QuantFormat.QDQ,
            op_types_to_quantize=list(_KINDS),
            nodes_to_quantize=names,
            per_channel=True,
            calibrate_method=tools.CalibrationMethod.Percentile,
            extra_options={'CalibPercentile': _PERCENTILE},
            activation_type=tools.QuantType.QInt8,
            weight_type=tools.QuantType.QInt8,
        )
        result = onnx.load(str(raw))
    kept = {entry.key: entry.value for entry in model.metadata_props}
    onnx.helper.set_model_props(result, kept | {'int8': str(len(names))})
    with whole_file(path) as draft:
        onnx.save(result, str(draft))
    return len(names)


def quantized_nodes(graph: Any) -> list[str]:
    """Return the names of the nodes that may be in 8 bits.

    Args:
        graph: Of an ONNX model; the modules of its nodes are noted.
    """
    weights = {tensor.name for tensor in graph.initializer}
    names, convolutions = [], 0
    for node in graph.node:
        notes = {entry.key: entry.value for entry in node.metadata_props}
        inside = _TOWER in notes.get('namespace', '')
        if node.op_type not in _KINDS or not inside or node.input[1] not in weights:
            continue
        convolutions += node.op_type == 'Conv'
        if node.op_type != 'Conv' or convolutions > 1:
            names.append(node.name)
    return names


def _reader(tools: Any, pictures: Iterable[np.ndarray]) -> Any:
    class Reader(tools.CalibrationDataReader):
        """Hands onnxruntime one batch after the other."""

        def __init__(self) -> None:
            self.batches: Iterator[np.ndarray] = iter(pictures)

        def get_next(self) -> dict[str, np.ndarray] | None:
            batch = next(self.batches, None)
            return None if batch is None else {'images': batch}

    return Reader()
