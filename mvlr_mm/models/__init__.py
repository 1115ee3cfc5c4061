"""Backbones, text encoders, necks, heads and losses."""

from . import backbones, heads, losses, necks, text

__all__ = ['backbones', 'heads', 'losses', 'necks', 'text']
