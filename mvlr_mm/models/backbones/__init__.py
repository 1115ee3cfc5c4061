"""Backbones that give VLFeatures."""

from .clip_backbone import CLIPBackbone
from .dense_backbone import DenseBackbone

__all__ = ['CLIPBackbone', 'DenseBackbone']
