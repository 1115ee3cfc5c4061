"""How maps and weights lie in memory: NCHW or NHWC."""

import torch
from torch import Tensor, nn

_CONVS = (nn.Conv2d, nn.ConvTranspose2d)


def suits_channels_last(trunk: nn.Module) -> bool:
    """Whether a trunk is faster in NHWC: most of its weights are convolutions'.

    Not where others have weights of that shape, such as deformable convolutions: their
    operators may take NCHW alone.
    """
    for module in trunk.modules():
        weight = module._parameters.get('weight')
        if weight is not None and weight.dim() == 4 and not isinstance(module, _CONVS):
            return False
    sizes = [(p.dim() == 4, p.numel()) for p in trunk.parameters()]
    return 2 * sum(n for conv, n in sizes if conv) > sum(n for _, n in sizes)


def in_layout(images: Tensor, channels_last: bool) -> Tensor:
    """Return images, or maps, (B, C, H, W), in NHWC if asked; tokens as they are."""
    if channels_last and images.dim() == 4:
        return images.contiguous(memory_format=torch.channels_last)
    return images
