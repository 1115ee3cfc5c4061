"""Data sets and transforms."""

from ..known_labels import COCO_CLASSES
from .coco import COCOMultiLabel
from .multilabel_list import MultiLabelList
from .transforms import CutoutPatch

__all__ = ['COCO_CLASSES', 'COCOMultiLabel', 'CutoutPatch', 'MultiLabelList']
