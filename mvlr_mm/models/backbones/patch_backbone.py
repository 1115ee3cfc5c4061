"""A backbone in two halves: a trunk, and what makes features of its patches."""

from abc import abstractmethod
from typing import NamedTuple

from mmengine.model import BaseModule
from torch import Tensor, nn

from ...structures import VLFeatures
from .trunk_parts import without


class TrunkPatches(NamedTuple):
    """What the trunk of a backbone gives, before the projection to the labels' space.

    B images, N patches, W channels of the trunk.
    """

    patches: Tensor  # (B, N, W)
    grid: tuple[int, int]  # (H, W), H * W == N


class StageMap(NamedTuple):
    """What the leading parts of a trunk give, before those that follow."""

    values: Tensor  # as the last of them gives it: maps (B, C, h, w), or tokens
    stage: str  # dotted name of that part in the backbone


class _Reached(Exception):  # noqa: N818 (nothing is wrong)
    """A trunk has come as far as it is wanted."""


class PatchBackbone(BaseModule):
    """A trunk, then a projection that acts patch by patch.

    Where it is given what its leading parts, or one of its halves, made before, it goes
    on from there: what does not train gives the same in every epoch.

    Attributes:
        embed_dim: Width D of the patches that come out.
        projection: Names of the parts and parameters behind the trunk.
    """

    embed_dim: int
    projection: tuple[str, ...]

    def parts(self) -> list[str]:
        """Return the dotted names of the trunk's parts, in their order.

        Those from which it could go on; before the first there may be others.
        """
        return []

    def stage_map(self, images: Tensor, stage: str) -> StageMap:
        """Turn images (B, 3, H, W), normalised, into what a part of the trunk gives.

        The parts behind it are not run.

        Args:
            images: As for :meth:`trunk_patches`.
            stage: One of :meth:`parts`.

        Raises:
            ValueError: The part gives no tensor, or is not run.
        """
        given: list[Tensor] = []

        def keep(part: nn.Module, args: tuple, output: object) -> None:
            if isinstance(output, Tensor):
                given.append(output)
            raise _Reached

        handle = self.get_submodule(stage).register_forward_hook(keep)
        try:
            self.trunk_patches(images)
        except _Reached:
            pass
        finally:
            handle.remove()
        if not given:
            raise ValueError(
                f'{stage} of {type(self).__name__} gives no tensor from which the rest '
                'of the trunk could go on; freeze all of it, or train on pictures.'
            )
        return StageMap(given[0], stage)

    def _behind(self, inputs: StageMap) -> TrunkPatches:
        parts = self.parts()
        leading = parts[: parts.index(inputs.stage) + 1]
        return without(self, leading).trunk_patches(inputs.values)

    @abstractmethod
    def trunk_patches(self, images: Tensor) -> TrunkPatches:
        """Turn images (B, 3, H, W), normalised, into the trunk's own patches."""

    @abstractmethod
    def project(self, patches: Tensor) -> Tensor:
        """Turn the trunk's patches (B, N, W) into those of the labels' space."""

    def forward(
        self, inputs: Tensor | StageMap | TrunkPatches | VLFeatures
    ) -> VLFeatures:
        """Return features of the patches.

        Args:
            inputs: Images (B, 3, H, W), normalised as the trunk wants them; or what
                :meth:`stage_map`, :meth:`trunk_patches`, or this method, gave for them.
        """
        if isinstance(inputs, VLFeatures):
            return inputs
        if isinstance(inputs, StageMap):
            inputs = self._behind(inputs)
        elif not isinstance(inputs, TrunkPatches):
            inputs = self.trunk_patches(inputs)
        return VLFeatures(visual=self.project(inputs.patches), grid=inputs.grid)
