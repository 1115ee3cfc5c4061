"""Transforms that mmpretrain lacks."""

from .cutout_patch import CutoutPatch
from .load_image_reduced import LoadImageReduced

__all__ = ['CutoutPatch', 'LoadImageReduced']
