"""Necks: the stages between backbone and head."""

from .attention_interaction import (
    CrossAttentionInteraction,
    SelfAttentionInteraction,
)
from .fixed_labels import FixedLabels
from .ifm import IFM
from .label_vectors import LabelVectors
from .neck_sequence import NeckSequence
from .patch_mean import PatchMean
from .pdlr import PDLR
from .qmvl import QMVL
from .whole_picture import WholePicture

__all__ = [
    'IFM',
    'PDLR',
    'QMVL',
    'CrossAttentionInteraction',
    'FixedLabels',
    'LabelVectors',
    'NeckSequence',
    'PatchMean',
    'SelfAttentionInteraction',
    'WholePicture',
]
