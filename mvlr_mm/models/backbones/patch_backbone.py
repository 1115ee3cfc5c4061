"""A backbone in two halves: a trunk, and what makes features of its patches."""

from abc import abstractmethod
from typing import NamedTuple

from mmengine.model import BaseModule
from torch import Tensor

from ...structures import VLFeatures


class TrunkPatches(NamedTuple):
    """What the trunk of a backbone gives, before the projection to the labels' space.

    B images, N patches, W channels of the trunk.
    """

    patches: Tensor  # (B, N, W)
    grid: tuple[int, int]  # (H, W), H * W == N


class PatchBackbone(BaseModule):
    """A trunk, then a projection that acts patch by patch.

    Where it is given what one of its halves made before, it goes on from there: a trunk
    that does not train gives the same in every epoch.

    Attributes:
        embed_dim: Width D of the patches that come out.
        projection: Names of the parts and parameters behind the trunk.
    """

    embed_dim: int
    projection: tuple[str, ...]

    @abstractmethod
    def trunk_patches(self, images: Tensor) -> TrunkPatches:
        """Turn images (B, 3, H, W), normalised, into the trunk's own patches."""

    @abstractmethod
    def project(self, patches: Tensor) -> Tensor:
        """Turn the trunk's patches (B, N, W) into those of the labels' space."""

    def forward(self, inputs: Tensor | TrunkPatches | VLFeatures) -> VLFeatures:
        """Return features of the patches.

        Args:
            inputs: Images (B, 3, H, W), normalised as the trunk wants them; or what
                :meth:`trunk_patches`, or this method, gave for them.
        """
        if isinstance(inputs, VLFeatures):
            return inputs
        if not isinstance(inputs, TrunkPatches):
            inputs = self.trunk_patches(inputs)
        return VLFeatures(visual=self.project(inputs.patches), grid=inputs.grid)
