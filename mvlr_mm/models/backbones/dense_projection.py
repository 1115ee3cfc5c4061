"""From the maps of any backbone to the contract between the stages."""

import math
from collections.abc import Sequence

from mmengine.model import BaseModule
from mmpretrain.registry import MODELS
from torch import Tensor, nn

from ...structures import VLFeatures
from .towers.base import flatten


@MODELS.register_module()
class DenseProjection(BaseModule):
    """Project a backbone's last map to the labels' width, patch by patch.

    It is the second half of :class:`DenseBackbone`, and can stand as the first stage of
    a neck instead, behind a backbone of mmpretrain, timm (mmpretrain's
    ``TIMMBackbone``) or mmdet. Of several maps it takes the last. Three layouts are
    told apart by shape and ``in_channels``:

    - (B, in_channels, H, W), a map;
    - (B, H, W, in_channels), a map with its channels last, as timm's Swin gives;
    - (B, P + H * W, in_channels), tokens of a square picture, of which the first
      P = ``prefix_tokens`` (class and register tokens) are dropped.

    Args:
        in_channels: Channels of the last map.
        out_channels: Width D of the labels; None leaves the channels as they are.
        prefix_tokens: Tokens before the patches where the backbone gives tokens.
        init_cfg: mmengine's initialisation config.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int | None = None,
        prefix_tokens: int = 0,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.in_channels = in_channels
        self.prefix_tokens = prefix_tokens
        self.proj: nn.Module = nn.Identity()
        if out_channels is not None:
            self.proj = nn.Linear(in_channels, out_channels)
            self._drawn = self.proj.weight._version

    def is_as_drawn(self) -> bool:
        """Whether the projection has the random weights that it was built with."""
        if isinstance(self.proj, nn.Identity):
            return False
        return self.proj.weight._version == self._drawn

    def forward(self, outputs: Tensor | Sequence[Tensor]) -> VLFeatures:
        """Return the projected patches of the last map, (B, H * W, out_channels).

        Args:
            outputs: What the backbone returns, one map or several.

        Raises:
            TypeError, ValueError: As for :meth:`patches`.
        """
        patches, grid = self.patches(outputs)
        return VLFeatures(visual=self.proj(patches), grid=grid)

    def patches(
        self, outputs: Tensor | Sequence[Tensor]
    ) -> tuple[Tensor, tuple[int, int]]:
        """Return the patches of the last map, (B, H * W, in_channels), and (H, W).

        Args:
            outputs: What the backbone returns, one map or several.

        Raises:
            TypeError: ``outputs`` is neither a tensor nor a sequence of tensors.
            ValueError: The last map is pooled, has other channels than set, or is a
                list of tokens that fill no square.
        """
        last = outputs
        if isinstance(outputs, (tuple, list)) and outputs:
            last = outputs[-1]
        if not isinstance(last, Tensor):
            raise TypeError(
                'DenseProjection takes a tensor or a tuple of tensors from the '
                f'backbone, but it got {_describe(outputs)}.'
            )
        return self._laid_out(last)

    def _laid_out(self, last: Tensor) -> tuple[Tensor, tuple[int, int]]:
        """Return the patches (B, N, in_channels) and their grid."""
        shape = tuple(last.shape)
        if last.dim() == 4 and shape[1] == self.in_channels:
            return flatten(last)
        if last.dim() == 4 and shape[3] == self.in_channels:
            return last.flatten(1, 2), shape[1:3]
        if last.dim() == 3 and shape[2] == self.in_channels:
            return self._square(last)
        if last.dim() not in (3, 4):
            raise ValueError(
                f'DenseProjection needs a map (B, C, H, W), but the backbone gave '
                f'{shape}, which has no places left: make it return its map, e.g. '
                "`out_type='featmap'` (mmpretrain's ViTs), "
                '`gap_before_final_norm=False` (ConvNeXt) or `features_only=True` '
                '(TIMMBackbone).'
            )
        came = shape[1] if last.dim() == 4 else shape[2]
        raise ValueError(
            f'DenseProjection was set to in_channels={self.in_channels}, but the '
            f"backbone's last map has the shape {shape}: set in_channels={came}."
        )

    def _square(self, tokens: Tensor) -> tuple[Tensor, tuple[int, int]]:
        """Drop the prefix tokens; the others must fill a square."""
        patches = tokens[:, self.prefix_tokens :]
        side = math.isqrt(patches.size(1))
        if not side or side * side != patches.size(1):
            raise ValueError(
                f'DenseProjection cannot lay {tokens.size(1)} tokens less '
                f'prefix_tokens={self.prefix_tokens} out as a square: set '
                'prefix_tokens to the number of class and register tokens, or, if '
                'pictures are not square, make the backbone return a map, e.g. '
                "`out_type='featmap'` or `features_only=True`."
            )
        return patches, (side, side)


def _describe(outputs: object) -> str:
    """Name the type of ``outputs``, and of its last entry in a sequence."""
    name = type(outputs).__name__
    if isinstance(outputs, (tuple, list)):
        inner = type(outputs[-1]).__name__ if outputs else 'nothing'
        return f'a {name} that ends with {inner}'
    return f'a {name}'
