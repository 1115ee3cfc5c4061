"""What a person does with a trained model."""

from .fold_norms import fold_norms
from .optimize import optimize

__all__ = ['fold_norms', 'optimize']
