"""Hooks."""

from .check_classes import CheckClassNames

__all__ = ['CheckClassNames']
