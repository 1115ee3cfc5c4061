"""Hooks."""

from .check_classes import CheckClassNames
from .freeze_modules import FreezeModules

__all__ = ['CheckClassNames', 'FreezeModules']
