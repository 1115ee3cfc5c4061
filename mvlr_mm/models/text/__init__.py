"""Frozen text towers."""

from .base import TextEncoder, TokenBatch
from .clip_text_encoder import CLIPTextEncoder

__all__ = ['CLIPTextEncoder', 'TextEncoder', 'TokenBatch']
