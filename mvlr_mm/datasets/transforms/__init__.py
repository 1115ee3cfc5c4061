"""Transforms that mmpretrain lacks."""

from .byte_blends import ByteColorTransform, ByteSharpness
from .contiguous_flip import ContiguousFlip
from .cutout_patch import CutoutPatch
from .load_image_reduced import LoadImageReduced
from .load_picture import LoadPicture
from .native_resize import NativeResize
from .pack_planes import PackPlanes
from .row_shear import RowShear
from .table_augment import TableRandAugment

__all__ = [
    'ByteColorTransform',
    'ByteSharpness',
    'ContiguousFlip',
    'CutoutPatch',
    'LoadImageReduced',
    'LoadPicture',
    'NativeResize',
    'PackPlanes',
    'RowShear',
    'TableRandAugment',
]
