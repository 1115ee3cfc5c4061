"""Backbones that give VLFeatures."""

from .clip_backbone import CLIPBackbone
from .dense_backbone import DenseBackbone
from .dense_projection import DenseProjection

__all__ = [
    'CLIPBackbone',
    'DenseBackbone',
    'DenseProjection',
]
