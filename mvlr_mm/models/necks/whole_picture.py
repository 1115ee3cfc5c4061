"""A picture as one patch."""

from mmengine.model import BaseModule
from mmpretrain.registry import MODELS

from ...structures import VLFeatures


@MODELS.register_module()
class WholePicture(BaseModule):
    """Put the mean patch in the place of all: what CLIP compares with a text.

    That is so where CLIP's trunk averages its map, as a convolutional one of timm does.
    """

    provides = ('visual',)

    def forward(self, feats: VLFeatures) -> VLFeatures:
        """Return the features with ``visual`` (B, 1, D) and a grid of (1, 1)."""
        return feats._replace(
            visual=feats.visual.mean(dim=1, keepdim=True), grid=(1, 1)
        )
