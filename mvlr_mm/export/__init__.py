"""Trained models as files for other runtimes."""

from .graph import trace_scores
from .metadata import describe_model
from .onnx_file import write_onnx
from .pt2_file import write_pt2
from .same_padding import any_size_padding

__all__ = [
    'any_size_padding',
    'describe_model',
    'trace_scores',
    'write_onnx',
    'write_pt2',
]
