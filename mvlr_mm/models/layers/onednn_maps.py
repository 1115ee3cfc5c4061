"""Linear maps of any model, by oneDNN where that is faster.

A map keeps its weights, their names, and its place in the model; only its class
changes, to one that chooses the product at each call. That holds for a part that
``torch.utils.checkpoint`` computes again in the backward, for copies, and after a move
to another device.
"""

import functools

import torch
from mmengine.logging import print_log
from torch import Tensor, nn

from ...ops import linear, prefers_onednn, uses_onednn

# torch itself takes oneDNN for a map of single pixels where there are as many pictures,
# or more threads than one
_MANY_PICTURES = 16


class OneDNNLinear(nn.Linear):
    """``nn.Linear`` through :func:`mvlr_mm.ops.linear`."""

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., I) to (..., O)."""
        if torch.jit.is_scripting():
            return nn.functional.linear(x, self.weight, self.bias)
        else:  # what stands behind an if would be scripted
            return linear(x, self.weight, self.bias)


class OneDNNPixelMap(nn.Conv2d):
    """A convolution of kernel size 1, which is a linear map of every pixel."""

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, D, H, W)."""
        if torch.jit.is_scripting():
            return self._conv_forward(x, self.weight, self.bias)
        elif self._is_faster_as_linear(x):
            pixels, weight = x.permute(0, 2, 3, 1), self.weight.flatten(1)
            return linear(pixels, weight, self.bias).permute(0, 3, 1, 2)
        else:
            return super().forward(x)

    @torch.jit.unused
    def _is_faster_as_linear(self, x: Tensor) -> bool:
        return (
            not torch.compiler.is_compiling()
            and torch.get_num_threads() == 1
            and x.dim() == 4
            and len(x) < _MANY_PICTURES
            and x.is_contiguous(memory_format=torch.channels_last)
            and prefers_onednn(x.permute(0, 2, 3, 1), self.weight.flatten(1), self.bias)
        )


def use_onednn(model: nn.Module) -> nn.Module:
    """Let a model's linear maps go through oneDNN, where this processor gains by it.

    Elsewhere nothing changes; see :func:`mvlr_mm.ops.uses_onednn`. Only ``nn.Linear``
    and ``nn.Conv2d`` themselves are meant, no classes made of them.

    Args:
        model: Whose modules change their class, in place.

    Returns:
        The model.
    """
    if uses_onednn():
        _say()
        for module in model.modules():
            if type(module) is nn.Linear:
                module.__class__ = OneDNNLinear
            elif type(module) is nn.Conv2d and _maps_pixels(module):
                module.__class__ = OneDNNPixelMap
    return model


def _maps_pixels(conv: nn.Conv2d) -> bool:
    return (
        conv.kernel_size == (1, 1)
        and conv.stride == (1, 1)
        and conv.padding == (0, 0)
        and conv.groups == 1
    )


@functools.cache
def _say() -> None:
    print_log(
        'Linear maps in float32 on this CPU go through oneDNN, whose AVX512 torch '
        'leaves unused on an AMD; MVLR_ONEDNN=0 undoes it.',
        logger='current',
    )
