"""Graphs as ONNX files."""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch.export import ExportedProgram

from mvlr_stack.outputs import whole_file

from ..extras import require
from .metadata import to_texts
from .quiet import no_remarks

_LIMIT = 2**31  # bytes that a file of protocol buffers may have
_CONVERTERS = 'torch.onnx._internal.exporter._torchlib.ops.hop'


def write_onnx(
    program: ExportedProgram, path: str | Path, description: Mapping[str, object]
) -> None:
    """Write a graph of :func:`mvlr_mm.export.trace_scores` as ONNX.

    The input is ``images``, the output ``scores``; the description lies in the model's
    ``metadata_props``, each value as json.

    Args:
        program: The graph.
        path: The file, written whole or not at all.
        description: As of :func:`mvlr_mm.export.describe_model`.

    Raises:
        ImportError: As for :func:`check_onnx`.
        ValueError: The model is too large for one file.
    """
    check_onnx()
    onnx = require('onnx', extra='export')
    # the labels' encodings are constants
    tensors = [*program.state_dict.values(), *program.constants.values()]
    size = sum(t.nbytes for t in tensors if isinstance(t, torch.Tensor))
    if size > _LIMIT:
        raise ValueError(
            f'the weights have {size / 1e9:.1f} GB and an ONNX file may have 2; choose '
            '--format pt2, or a smaller backbone.'
        )
    with torch.no_grad(), no_remarks():
        exported = torch.onnx.export(
            program,
            dynamo=True,
            input_names=['images'],
            output_names=['scores'],
            verbose=False,
        )
    model = exported.model_proto
    _forget_paths(model.graph)
    onnx.helper.set_model_props(model, to_texts(description))
    with whole_file(path) as draft:
        onnx.save(model, str(draft))


def _forget_paths(graph: Any) -> None:
    """Keep of a node's notes its module alone: the others are lines of code here."""
    for node in graph.node:
        kept = [entry for entry in node.metadata_props if entry.key == 'namespace']
        del node.metadata_props[:]
        node.metadata_props.extend(kept)
        for attribute in node.attribute:
            if attribute.HasField('g'):
                _forget_paths(attribute.g)


def check_onnx() -> None:
    """Stop where ONNX files cannot be written, before a model is loaded.

    Raises:
        ImportError: onnx or onnxscript is not installed, or this torch cannot convert
            the scan.
    """
    for package in ('onnx', 'onnxscript'):
        require(package, extra='export')
    try:
        known = hasattr(importlib.import_module(_CONVERTERS), 'higher_order_scan')
    except ImportError:
        known = False
    if not known:
        raise ImportError(
            f'torch {torch.__version__} has no ONNX for a scan; install torch 2.10 or '
            'later, or choose --format pt2.'
        )
