"""Pictures that are decoded and resized, kept once, so that training reads no JPEG."""

from .check_cache import CheckCache
from .load_cached import LoadCachedPicture
from .making import make_cache
from .on_cache import on_cache

__all__ = ['CheckCache', 'LoadCachedPicture', 'make_cache', 'on_cache']
