"""An image tower of CLIP as a backbone."""

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from mmpretrain.registry import MODELS
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from ...argument_checks import check_number
from ..clip import load_visual
from .patch_backbone import PatchBackbone, TrunkPatches
from .towers import make_tower
from .towers.base import Size


@MODELS.register_module()
class CLIPBackbone(PatchBackbone):
    """The visual tower of an open_clip model without its pooling.

    Every patch comes out in the joint space of image and text, as the tower's own
    pooling and projection would give a picture that is this patch alone: behind an
    attention pool (ResNets, CoCa, SigLIP, PE) through the pool's value and output maps
    folded into one linear map, else after the tower's own last norm and projection.

    Args:
        model: Name in open_clip (for OpenAI's weights one that ends in
            ``-quickgelu``), or path or content of an open_clip json config. Within a
            :class:`mvlr_mm.models.classifiers.VLClassifier` it and ``pretrained`` are
            those of its ``clip`` where they are not said.
        pretrained: Tag, path of a weights file, or None for random weights; see
            :func:`mvlr_mm.models.clip.load_visual`.
        img_size: Side, or height and width, of the images in pixels. Only timm trunks
            with positions of a fixed size need it; all others take any size.
        frozen_stages: Number of leading stages of the trunk that do not train (a
            ResNet has 5: stem and four layers; a ViT 1 + its blocks); -1 freezes the
            whole trunk, so that of the tower only what is folded from a pool, and a
            timm trunk's projection, trains.
        norm_eval: Keep BatchNorm on its stored statistics in training. A few images
            per device are too few to replace those of CLIP's pretraining.
        dropout: Probability with which a feature of the trunk is zeroed in training,
            before the projection to the joint space.
        channels_last: Keep the trunk's maps and weights in NHWC; the result is the same
            but for rounding. None does so where most weights are convolutions', which
            was faster on every CPU and GPU where it was measured.
        init_cfg: As in mmengine.

    Attributes:
        embed_dim: Width D of the patches.

    Raises:
        ValueError: ``dropout`` is outside [0, 1], ``frozen_stages`` is more than there
            are, or ``model`` and ``pretrained`` do not go together.
        FileNotFoundError: A path leads nowhere.
    """

    def __init__(
        self,
        model: str | Mapping[str, Any],
        pretrained: str | None = None,
        img_size: Size | None = None,
        frozen_stages: int = 0,
        norm_eval: bool = True,
        dropout: float = 0.0,
        channels_last: bool | None = None,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg)
        check_number('dropout', dropout, at_least=0, at_most=1)
        self.tower = make_tower(load_visual(model, pretrained), img_size)
        self.tower.dropout = nn.Dropout(dropout)
        self.embed_dim = self.tower.embed_dim
        self.projection = tuple(f'tower.{name}' for name in self.tower.projection)
        self.norm_eval = norm_eval
        if channels_last is None:
            channels_last = self.tower.convolutional
        self.channels_last = channels_last
        if channels_last:
            self.tower.to(memory_format=torch.channels_last)
        self._frozen = self._freeze(frozen_stages)

    def _freeze(self, count: int) -> list[str]:
        """Freeze stages and return the names of their modules."""
        stages = self.tower.stages()
        if not -1 <= count <= len(stages):
            raise ValueError(
                f'frozen_stages ({count}) must be between -1 (all) and {len(stages)}, '
                'the number of stages of this trunk.'
            )
        if count == -1:
            self.tower.trunk.requires_grad_(False)
            return ['tower.trunk']
        parts = [part for stage in stages[:count] for part in stage]
        for part in parts:
            part.requires_grad_(False)
        names = {module: name for name, module in self.named_modules()}
        return [names[part] for part in parts if isinstance(part, nn.Module)]

    def train(self, mode: bool = True) -> 'CLIPBackbone':
        """Set the mode; frozen parts, and BatchNorm if asked, stay in eval mode.

        Raises:
            ValueError: ``sync_bn`` has taken the activations out of timm's norms.
        """
        super().train(mode)
        self._check_activations()
        for name in self._frozen:  # a conversion to SyncBN replaces the modules
            self.get_submodule(name).eval()
        if self.norm_eval:
            for module in self.modules():
                if isinstance(module, _BatchNorm):
                    module.eval()
        return self

    def _check_activations(self) -> None:
        for name, module in self.named_modules():
            # timm's norm holds its activation, and mmengine's conversion keeps both as
            # parts of a norm that calls none of its parts
            if isinstance(module, nn.SyncBatchNorm) and any(module.children()):
                raise ValueError(
                    f'sync_bn has replaced {name}, a norm with an activation, by one '
                    'that leaves the activation out; set sync_bn=None: with norm_eval '
                    'there are no statistics to synchronise.'
                )

    def get_layer_depth(self, param_name: str, prefix: str = '') -> tuple[int, int]:
        """Return the layer of a parameter, and how many there are.

        For mmpretrain's ``LearningRateDecayOptimWrapperConstructor``. Layers are the
        stages, as ``frozen_stages`` counts them; projection, necks and head are the
        last one.

        Args:
            param_name: In the classifier.
            prefix: What the names of this backbone's parameters begin with there.

        Returns:
            The layer, 0 at the picture, and their number.

        Raises:
            AttributeError: The backbone has no such parameter.
        """
        stages = self.tower.stages()
        if param_name.startswith(prefix):
            parameter = self.get_parameter(param_name[len(prefix) :])
            for depth, parts in enumerate(stages):
                if any(parameter is own for part in parts for own in _weights(part)):
                    return depth, len(stages) + 1
        return len(stages), len(stages) + 1

    def parts(self) -> list[str]:
        """See :class:`PatchBackbone`."""
        return [f'tower.{name}' for name in self.tower.parts()]

    def trunk_patches(self, images: Tensor) -> TrunkPatches:
        """Turn images (B, 3, H, W), normalised as CLIP's, into the trunk's patches."""
        if self.channels_last and images.dim() == 4:  # there may be tokens in its place
            images = images.contiguous(memory_format=torch.channels_last)
        return TrunkPatches(*self.tower.trunk_patches(images))

    def project(self, patches: Tensor) -> Tensor:
        """Bring the trunk's patches (B, N, W) to the joint space, (B, N, D)."""
        return self.tower.project(patches)


def _weights(part: nn.Module | nn.Parameter) -> Iterable[nn.Parameter]:
    return part.parameters() if isinstance(part, nn.Module) else [part]
