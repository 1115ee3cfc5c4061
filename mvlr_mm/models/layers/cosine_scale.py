"""A head's factor of cosines that follows from the CLIP and travels with the weights.

Cosines of a CLIP spread the less the larger the factor is that it was trained with, so
a number that was made for OpenAI's, 100, need not suit another.
"""

import math
from numbers import Real

import torch
from torch import Tensor, nn


def register_scale(head: nn.Module, given: float | None, follows: float) -> None:
    """Give a head its ``scale``, a buffer: packs and exports have no CLIP to ask.

    Args:
        head: The head.
        given: What its config says.
        follows: What follows from the CLIP, where the config says nothing.

    Raises:
        ValueError: ``given``, or else ``follows``, is no finite number above 0.
    """
    head.scale_is_given = given is not None
    scale = given if head.scale_is_given else follows
    if not isinstance(scale, Real) or not 0 < scale < math.inf:
        name = type(head).__name__
        raise ValueError(f'{name}: scale ({scale!r}) must be a finite number above 0.')
    head.register_buffer('scale', torch.tensor(float(scale)))


def match_scale(head: nn.Module, state_dict: dict[str, Tensor], prefix: str) -> None:
    """Put what the head's config gives before the ``scale`` of a checkpoint.

    Args:
        head: The head, which has a scale.
        state_dict: Of the checkpoint; changed in place.
        prefix: Of the head's names there.
    """
    if head.scale_is_given:
        state_dict[f'{prefix}scale'] = head.scale
