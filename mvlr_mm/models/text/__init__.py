"""Frozen text towers."""

from .base import TextEncoder, TokenBatch
from .clip_text_encoder import CLIPTextEncoder
from .hf_text_encoder import HFTextEncoder

__all__ = ['CLIPTextEncoder', 'HFTextEncoder', 'TextEncoder', 'TokenBatch']
