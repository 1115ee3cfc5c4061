"""Backbones that give VLFeatures."""

from .clip_backbone import CLIPBackbone
from .dense_backbone import DenseBackbone
from .dense_projection import DenseProjection
from .patch_backbone import PatchBackbone, TrunkPatches

__all__ = [
    'CLIPBackbone',
    'DenseBackbone',
    'DenseProjection',
    'PatchBackbone',
    'TrunkPatches',
]
