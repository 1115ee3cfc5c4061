"""The systems that MVLR is compared with: one system, one file.

Each reads the patches of any backbone and gives logits, so that it stands on the trunk
that it was published with, and on the one trunk that a comparison gives to all.
"""

from .csra import CSRAHead
from .ctran import CTranHead
from .dualcoop import DualCoOpHead, DualPrompts
from .kgcoop import KgCoOp
from .ml_decoder import MLDecoderHead, MLDecoderTextHead
from .query2label import Query2LabelHead
from .sparc import SPARCHead
from .tagclip import TagCLIPHead

__all__ = [
    'CSRAHead',
    'CTranHead',
    'DualCoOpHead',
    'DualPrompts',
    'KgCoOp',
    'MLDecoderHead',
    'MLDecoderTextHead',
    'Query2LabelHead',
    'SPARCHead',
    'TagCLIPHead',
]
