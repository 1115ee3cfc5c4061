"""Transforms that mmpretrain lacks."""

from .cutout_patch import CutoutPatch
from .load_image_reduced import LoadImageReduced
from .load_picture import LoadPicture

__all__ = ['CutoutPatch', 'LoadImageReduced', 'LoadPicture']
