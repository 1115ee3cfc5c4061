"""Features from disk in the place of pictures."""

import torch
from mmengine.model import BaseDataPreprocessor
from mmpretrain.registry import MODELS

from ..models.backbones.patch_backbone import TrunkPatches
from ..structures import VLFeatures
from .frozen_part import PATCHES


@MODELS.register_module()
class FeaturePreprocessor(BaseDataPreprocessor):
    """Turn features (B, h, w, D) in float16 into what the model goes on from.

    Args:
        stage: See :func:`~mvlr_mm.features.frozen_part.frozen_stage`.
        batch_augments: What mixes pictures; mmpretrain's classifier gives it.

    Raises:
        ValueError: There are ``batch_augments``.
    """

    def __init__(self, stage: str, batch_augments: dict | None = None) -> None:
        super().__init__()
        if batch_augments:
            raise ValueError(
                f'model.train_cfg ({batch_augments}) mixes pictures, and there are '
                'features in their place; train on pictures, or set it to None.'
            )
        self.kind = VLFeatures if stage == PATCHES else TrunkPatches

    def forward(self, data: dict, training: bool = False) -> dict:
        """Return ``inputs``, patches in float32 with their grid, and the samples."""
        data = self.cast_data(data)
        inputs = data['inputs']
        if not isinstance(inputs, torch.Tensor):
            inputs = torch.stack(list(inputs))
        patches, grid = inputs.flatten(1, 2).float(), tuple(inputs.shape[1:3])
        return {
            'inputs': self.kind(patches, grid),
            'data_samples': data.get('data_samples'),
        }
