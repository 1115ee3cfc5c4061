"""Metrics, and the arithmetic below them."""

from .average_precision import average_precision
from .f1 import precision_recall_f1
from .metrics import MultiLabelProtocol
from .protocols import evaluate
from .results import SaveResults, read_results, write_results

__all__ = [
    'MultiLabelProtocol',
    'SaveResults',
    'average_precision',
    'evaluate',
    'precision_recall_f1',
    'read_results',
    'write_results',
]
