"""The systems that MVLR is compared with: one system, one file.

Each reads the patches of any backbone and gives logits, so that it stands on the trunk
that it was published with, and on the one trunk that a comparison gives to all.
"""

from .add_gcn import ADDGCNHead
from .cma import CMAHead
from .csra import CSRAHead
from .ctran import CTranHead
from .dualcoop import DualCoOpHead, DualPrompts, DualPromptsPerLabel
from .kgcoop import KgCoOp
from .m3tr import M3TRHead
from .ml_decoder import MLDecoderHead, MLDecoderTextHead
from .ml_gcn import MLGCNHead
from .patchct import PatchCTHead
from .query2label import Query2LabelHead
from .salgl import SALGLHead
from .sparc import SPARCHead
from .ssgrl import SSGRLHead
from .tagclip import TagCLIPHead

__all__ = [
    'ADDGCNHead',
    'CMAHead',
    'CSRAHead',
    'CTranHead',
    'DualCoOpHead',
    'DualPrompts',
    'DualPromptsPerLabel',
    'KgCoOp',
    'M3TRHead',
    'MLDecoderHead',
    'MLDecoderTextHead',
    'MLGCNHead',
    'PatchCTHead',
    'Query2LabelHead',
    'SALGLHead',
    'SPARCHead',
    'SSGRLHead',
    'TagCLIPHead',
]
