"""Training in bfloat16 where there is no GPU."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from mmengine.optim import OptimWrapper
from mmpretrain.registry import OPTIM_WRAPPERS
from torch import nn


@OPTIM_WRAPPERS.register_module()
class AutocastOptimWrapper(OptimWrapper):
    """Run the forward pass in bfloat16 autocast, on any device.

    mmengine's ``AmpOptimWrapper`` refuses to start on a CPU. bfloat16 has the range of
    float32, so the loss needs no scaling.
    """

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Add autocast to what every optimizer wrapper does around the forward."""
        device = next(model.parameters()).device.type
        with (
            super().optim_context(model),
            torch.autocast(device_type=device, dtype=torch.bfloat16),
        ):
            yield
