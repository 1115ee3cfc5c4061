"""Configs: read from files, changed by overrides, or refused with the reason."""

from .reading import find_config, read_config

__all__ = ['find_config', 'read_config']
