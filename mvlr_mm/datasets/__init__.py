"""Data sets and transforms."""

from ..labels.known import COCO_CLASSES
from .coco import COCOMultiLabel
from .multilabel_list import MultiLabelList
from .nuswide import NUSWIDE
from .nuswide_csv import NUSWIDECSV
from .pa100k import PA100K
from .transforms import (
    ByteColorTransform,
    ByteSharpness,
    ContiguousFlip,
    CutoutPatch,
    LoadImageReduced,
    LoadPicture,
    NativeResize,
    PackPlanes,
    RowShear,
    TableRandAugment,
)
from .voc import VOCMultiLabel

__all__ = [
    'COCO_CLASSES',
    'NUSWIDE',
    'NUSWIDECSV',
    'PA100K',
    'ByteColorTransform',
    'ByteSharpness',
    'COCOMultiLabel',
    'ContiguousFlip',
    'CutoutPatch',
    'LoadImageReduced',
    'LoadPicture',
    'MultiLabelList',
    'NativeResize',
    'PackPlanes',
    'RowShear',
    'TableRandAugment',
    'VOCMultiLabel',
]
