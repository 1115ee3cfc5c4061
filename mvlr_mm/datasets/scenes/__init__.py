"""Scenes: a small drawn multi-label data set, for a first run without downloads."""

from .layout import CLASSES
from .writer import SPLITS, draw_scene, write_scenes

__all__ = ['CLASSES', 'SPLITS', 'draw_scene', 'write_scenes']
