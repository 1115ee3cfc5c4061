"""Features from disk in the place of pictures."""

import torch
from mmengine.model import BaseDataPreprocessor
from mmpretrain.registry import MODELS
from torch import Tensor

from ..models.backbones.patch_backbone import StageMap, TrunkPatches
from ..structures import VLFeatures
from .frozen_part import PATCHES, TRUNK


@MODELS.register_module()
class FeaturePreprocessor(BaseDataPreprocessor):
    """Turn features in float16 into what the model goes on from.

    Args:
        stage: Where they were taken, see
            :func:`~mvlr_mm.features.frozen_part.frozen_stage`.
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
        self.stage = stage

    def forward(self, data: dict, training: bool = False) -> dict:
        """Return ``inputs`` in float32, patches with their grid, and the samples."""
        data = self.cast_data(data)
        inputs = data['inputs']
        if not isinstance(inputs, torch.Tensor):
            inputs = torch.stack(list(inputs))
        return {
            'inputs': self._features(inputs.float()),
            'data_samples': data.get('data_samples'),
        }

    def _features(self, values: Tensor) -> StageMap | TrunkPatches | VLFeatures:
        if self.stage not in (TRUNK, PATCHES):
            return StageMap(values, self.stage)
        kind = TrunkPatches if self.stage == TRUNK else VLFeatures
        return kind(values.flatten(1, 2), tuple(values.shape[1:3]))
