"""Graphs as files of torch.export."""

import io
import json
from collections.abc import Mapping
from pathlib import Path

import torch
from torch.export import ExportedProgram

from mvlr_stack.outputs import whole_file

EXTRA = 'metadata.json'


def write_pt2(
    program: ExportedProgram, path: str | Path, description: Mapping[str, object]
) -> None:
    """Write a graph of :func:`mvlr_mm.export.trace_scores` with ``torch.export.save``.

    torch alone loads it, on any machine: there is no operator of this package in it.

    Args:
        program: The graph.
        path: The file, written whole or not at all.
        description: As of :func:`mvlr_mm.export.describe_model`; it lies in the extra
            file ``metadata.json``.
    """
    extra = {EXTRA: json.dumps(description, ensure_ascii=False)}
    content = io.BytesIO()  # torch wants a name that ends in .pt2
    torch.export.save(program, content, extra_files=extra)
    with whole_file(path) as draft:
        draft.write_bytes(content.getbuffer())
