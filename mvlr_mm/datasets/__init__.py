"""Data sets and transforms."""

from ..known_labels import COCO_CLASSES
from .coco import COCOMultiLabel
from .multilabel_list import MultiLabelList
from .nuswide import NUSWIDE
from .nuswide_csv import NUSWIDECSV
from .transforms import CutoutPatch
from .voc import VOCMultiLabel

__all__ = [
    'COCO_CLASSES',
    'NUSWIDE',
    'NUSWIDECSV',
    'COCOMultiLabel',
    'CutoutPatch',
    'MultiLabelList',
    'VOCMultiLabel',
]
