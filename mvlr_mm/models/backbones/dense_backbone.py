"""Any backbone in CLIP's place."""

from mmpretrain.registry import MODELS
from torch import Tensor

from .dense_projection import DenseProjection
from .patch_backbone import PatchBackbone, TrunkPatches
from .trunk_parts import parts_of


@MODELS.register_module()
class DenseBackbone(PatchBackbone):
    """A backbone of mmpretrain, timm or mmdet, followed by :class:`DenseProjection`.

    It gives what :class:`CLIPBackbone` gives, so that a config swaps one for the other
    and leaves the neck as it is.

    Args:
        trunk: Config of the backbone, e.g. ``dict(type='ResNet', depth=101)``.
        in_channels: Channels of its last map.
        embed_dim: Width D of the patches; None passes the trunk's own channels on,
            without a projection.
        prefix_tokens: Tokens before the patches where the trunk gives tokens.
        init_cfg: As in mmengine.

    Attributes:
        embed_dim: Width D of the patches.
    """

    projection = ('dense.proj',)

    def __init__(
        self,
        trunk: dict,
        in_channels: int,
        embed_dim: int | None = None,
        prefix_tokens: int = 0,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.trunk = MODELS.build(trunk)
        self.dense = DenseProjection(in_channels, embed_dim, prefix_tokens)
        self.embed_dim = in_channels if embed_dim is None else embed_dim

    def parts(self) -> list[str]:
        """See :class:`PatchBackbone`."""
        return list(parts_of(self.trunk, 'trunk'))

    def trunk_patches(self, images: Tensor) -> TrunkPatches:
        """Turn images (B, 3, H, W) into the patches of the trunk's last map."""
        return TrunkPatches(*self.dense.patches(self.trunk(images)))

    def project(self, patches: Tensor) -> Tensor:
        """Bring the trunk's patches (B, N, in_channels) to the labels' width."""
        return self.dense.proj(patches)
