"""Metrics, and the arithmetic below them."""

from .average_precision import average_precision
from .f1 import precision_recall_f1
from .metrics import MultiLabelProtocol
from .protocol_numbers import evaluate
from .results import read_results, write_results
from .save_results import SaveResults

__all__ = [
    'MultiLabelProtocol',
    'SaveResults',
    'average_precision',
    'evaluate',
    'precision_recall_f1',
    'read_results',
    'write_results',
]
