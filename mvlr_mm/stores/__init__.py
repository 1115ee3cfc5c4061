"""Folders of arrays, a row a picture: gone on with after a kill, refused when stale.

What :mod:`mvlr_mm.features` and :mod:`mvlr_mm.cache` share.
"""
