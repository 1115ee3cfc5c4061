"""What a frozen backbone gives for every picture: computed once, mapped from disk."""

from .check_features import CheckFeatures
from .feature_preprocessor import FeaturePreprocessor
from .load_features import LoadFeatures, open_array
from .making import make_features
from .on_features import on_features
from .view_of_epoch import ViewOfEpoch

__all__ = [
    'CheckFeatures',
    'FeaturePreprocessor',
    'LoadFeatures',
    'ViewOfEpoch',
    'make_features',
    'on_features',
    'open_array',
]
