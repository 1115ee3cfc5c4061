"""What a person does with a trained model."""

from ..models.layers.fold_norms import fold_norms
from .inferencer import MultiLabelInferencer
from .load import LoadedModel, load_model
from .optimize import optimize
from .tagged import Tagged

__all__ = [
    'LoadedModel',
    'MultiLabelInferencer',
    'Tagged',
    'fold_norms',
    'load_model',
    'optimize',
]
