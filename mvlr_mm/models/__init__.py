"""Classifiers, and their backbones, text encoders, necks, heads and losses."""

from . import backbones, classifiers, heads, losses, necks, peers, text

__all__ = ['backbones', 'classifiers', 'heads', 'losses', 'necks', 'peers', 'text']
