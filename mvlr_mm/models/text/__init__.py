"""Frozen text towers."""

from .base import TextEncoder, TokenBatch
from .clip_text_encoder import CLIPTextEncoder
from .hf_text_encoder import HFTextEncoder
from .label_vector_files import read_label_vectors

__all__ = [
    'CLIPTextEncoder',
    'HFTextEncoder',
    'TextEncoder',
    'TokenBatch',
    'read_label_vectors',
]
