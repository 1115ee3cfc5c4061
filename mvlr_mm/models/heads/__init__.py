"""Heads: from VLFeatures to logits, losses and predictions."""

from .patch_pooling import (
    MaxPatchPooling,
    MeanPatchPooling,
    SoftmaxPatchPooling,
    TopKPatchPooling,
)
from .similarity_head import SimilarityHead
from .visual_classifier_head import VisualClassifierHead

__all__ = [
    'MaxPatchPooling',
    'MeanPatchPooling',
    'SimilarityHead',
    'SoftmaxPatchPooling',
    'TopKPatchPooling',
    'VisualClassifierHead',
]
