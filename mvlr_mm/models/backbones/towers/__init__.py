"""The image towers of open_clip without their pooling: maps in CLIP's own space."""

from open_clip.modified_resnet import ModifiedResNet
from open_clip.timm_model import TimmModel
from open_clip.transformer import VisionTransformer
from torch import nn

from .base import DenseTower, Size
from .resnet import ResNetTower
from .timm_tower import TimmTower
from .vit import ViTTower

__all__ = ['DenseTower', 'ResNetTower', 'TimmTower', 'ViTTower', 'make_tower']


def make_tower(visual: nn.Module, img_size: Size | None = None) -> DenseTower:
    """Wrap the image tower of an open_clip model.

    Args:
        visual: From :func:`mvlr_mm.models.clip.load_visual`.
        img_size: Side, or height and width, in pixels, for timm trunks whose positions
            belong to a size.

    Raises:
        ValueError: The tower is of a kind that is not known here.
    """
    if isinstance(visual, ModifiedResNet):
        return ResNetTower(visual)
    if isinstance(visual, VisionTransformer):
        return ViTTower(visual)
    if isinstance(visual, TimmModel):
        return TimmTower(visual, img_size)
    raise ValueError(f'No dense form of the image tower {type(visual).__name__}.')
