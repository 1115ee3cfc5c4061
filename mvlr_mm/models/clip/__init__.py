"""The CLIPs of open_clip: their configs, their weights, one tower or the whole."""

from .config import read_clip_config
from .loading import load_clip, load_text, load_visual

__all__ = ['load_clip', 'load_text', 'load_visual', 'read_clip_config']
