"""Multi-label image recognition with vision and language, for mmpretrain.

Importing the package registers every part in mmpretrain's registries.
"""

from . import datasets, engine, evaluation, models
from .structures import VLFeatures
from .version import __version__

__all__ = ['VLFeatures', '__version__', 'datasets', 'engine', 'evaluation', 'models']
