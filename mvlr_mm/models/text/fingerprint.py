"""A short number by which weights are known again."""

import zlib
from collections.abc import Mapping

import torch
from torch import Tensor


def fingerprint(weights: Mapping[str, Tensor]) -> str:
    """Return a checksum over names, types, shapes and every bit of the values.

    It tells versions of weights apart; it is no protection against intent.

    Args:
        weights: By name; their order does not matter.
    """
    sum_ = 0
    for name in sorted(weights):
        value = weights[name].detach().cpu().contiguous()
        text = f'{name} {value.dtype} {tuple(value.shape)}'
        sum_ = zlib.crc32(text.encode(), sum_)
        sum_ = zlib.crc32(value.reshape(-1).view(torch.uint8).numpy(), sum_)
    return f'{sum_:08x}'
