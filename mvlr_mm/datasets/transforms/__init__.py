"""Transforms that mmpretrain lacks."""

from .cutout_patch import CutoutPatch
from .load_image_reduced import LoadImageReduced
from .load_picture import LoadPicture
from .native_resize import NativeResize
from .table_augment import TableRandAugment

__all__ = [
    'CutoutPatch',
    'LoadImageReduced',
    'LoadPicture',
    'NativeResize',
    'TableRandAugment',
]
