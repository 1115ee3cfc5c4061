"""A linear map whose first values belong to the block that made it."""

import math

import torch
from torch import Tensor, nn

from ...ops import linear


class GuardedLinear(nn.Module):
    """A linear map that no ``init_cfg`` of a config resets.

    mmengine initialises by class name, and ``dict(type=..., layer='Linear')`` at the
    top of a model reaches every ``nn.Linear`` below. A map that must start at zero, or
    in another range than usual, is therefore none of them.

    Args:
        in_features: Width of the input.
        out_features: Width of the output.
        bias: Whether to add a bias, which starts at zero.
        zero_init: Whether the weight starts at zero, so that a residual branch ending
            here starts as nothing; else uniform as in ``nn.Linear``.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = False,
        zero_init: bool = False,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(out_features, in_features))
        self.bias = nn.Parameter(torch.zeros(out_features)) if bias else None
        if not zero_init:
            nn.init.kaiming_uniform_(self.weight, a=math.sqrt(5))

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., in_features) to (..., out_features)."""
        return linear(x, self.weight, self.bias)
