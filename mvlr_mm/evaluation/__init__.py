"""Metrics."""

from .functional import average_precision, precision_recall_f1
from .metrics import MultiLabelProtocol

__all__ = ['MultiLabelProtocol', 'average_precision', 'precision_recall_f1']
