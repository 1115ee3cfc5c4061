"""Vectors of unit length, in every precision."""

import torch.nn.functional as F
from torch import Tensor


def unit(vectors: Tensor) -> Tensor:
    """Return vectors (..., D) at unit length; those of zeros stay zeros.

    torch's own smallest length, 1e-12, is 0 in float16, where a patch of zeros, as a
    ReLU may leave one, would become nan.
    """
    return F.normalize(vectors, dim=-1, eps=1e-6)
