"""From the contract between the stages to what mmpretrain's heads read."""

from mmengine.model import BaseModule
from mmpretrain.registry import MODELS
from torch import Tensor

from ...structures import VLFeatures


@MODELS.register_module()
class PatchMean(BaseModule):
    """Give mmpretrain's heads the mean patch, as its ``GlobalAveragePooling`` does.

    ``neck=dict(type='PatchMean'), head=dict(type='MultiLabelLinearClsHead', ...)``
    """

    def forward(self, feats: VLFeatures) -> tuple[Tensor]:
        """Return the mean patch, (B, D), in a tuple."""
        return (feats.visual.mean(dim=1),)
