"""Any backbone in CLIP's place."""

import torch
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
        channels_last: Keep the trunk's maps and weights in NHWC; the result is the same
            but for rounding, and convolutions may be faster. Not the default, as not
            every trunk and operator takes it: torch 2.10 on a CPU with AVX2 crashes at
            the gradient of a strided 1 x 1 convolution of 4 to 7 channels.
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
        channels_last: bool = False,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.trunk = MODELS.build(trunk)
        self.channels_last = channels_last
        if channels_last:
            self.trunk.to(memory_format=torch.channels_last)
        self.dense = DenseProjection(in_channels, embed_dim, prefix_tokens)
        self.embed_dim = in_channels if embed_dim is None else embed_dim

    def get_layer_depth(self, param_name: str, prefix: str = '') -> tuple[int, int]:
        """Return the layer of a parameter, and how many there are, as the trunk does.

        For mmpretrain's ``LearningRateDecayOptimWrapperConstructor``; what is behind
        the trunk is the last layer.

        Args:
            param_name: In the classifier.
            prefix: What the names of this backbone's parameters begin with there.

        Raises:
            NotImplementedError: The trunk tells no layers.
        """
        if not hasattr(self.trunk, 'get_layer_depth'):
            raise NotImplementedError(
                f'{type(self.trunk).__name__} has no get_layer_depth, which a rate for '
                'each layer needs; say rates by name, in custom_keys of paramwise_cfg.'
            )
        return self.trunk.get_layer_depth(param_name, f'{prefix}trunk.')

    def parts(self) -> list[str]:
        """See :class:`PatchBackbone`."""
        return list(parts_of(self.trunk, 'trunk'))

    def trunk_patches(self, images: Tensor) -> TrunkPatches:
        """Turn images (B, 3, H, W) into the patches of the trunk's last map."""
        if self.channels_last and images.dim() == 4:  # there may be tokens in its place
            images = images.contiguous(memory_format=torch.channels_last)
        return TrunkPatches(*self.dense.patches(self.trunk(images)))

    def project(self, patches: Tensor) -> Tensor:
        """Bring the trunk's patches (B, N, in_channels) to the labels' width."""
        return self.dense.proj(patches)
