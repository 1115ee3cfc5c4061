"""CLIP's own ResNets."""

from open_clip.modified_resnet import ModifiedResNet
from torch import Tensor, nn

from .base import DenseTower, Grid, flatten, fold


class ResNetTower(DenseTower):
    """CLIP's ResNet; its attention pool folded into one linear map.

    The pool's value and output maps, one after the other, are linear:
    ``W = W_c W_v`` and ``b = W_c b_v + b_c``. A patch of weight 1 in the pool would
    come out as this map of it, so the patches start aligned with the text.
    """

    def __init__(self, tower: ModifiedResNet) -> None:
        super().__init__()
        pool = tower.attnpool
        self.proj = fold(pool.v_proj, pool.c_proj)
        self.embed_dim = self.proj.out_features
        del tower.attnpool
        self.trunk = tower

    def stages(self) -> list[list[nn.Module | nn.Parameter]]:
        """Stem and the four layers."""
        t = self.trunk
        stem = [t.conv1, t.bn1, t.conv2, t.bn2, t.conv3, t.bn3]
        return [stem, [t.layer1], [t.layer2], [t.layer3], [t.layer4]]

    def trunk_patches(self, images: Tensor) -> tuple[Tensor, Grid]:
        """See :class:`DenseTower`."""
        x = self.trunk.stem(images)
        for layer in ('layer1', 'layer2', 'layer3', 'layer4'):
            x = getattr(self.trunk, layer)(x)
        return flatten(x)
