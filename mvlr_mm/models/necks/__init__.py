"""Necks: the stages between backbone and head."""

from .dense_projection import DenseProjection
from .ifm import IFM
from .label_vectors import LabelVectors
from .neck_sequence import NeckSequence
from .pdlr import PDLR

__all__ = ['IFM', 'PDLR', 'DenseProjection', 'LabelVectors', 'NeckSequence']
