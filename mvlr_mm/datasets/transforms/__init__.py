"""Transforms that mmpretrain lacks."""

from .cutout_patch import CutoutPatch

__all__ = ['CutoutPatch']
