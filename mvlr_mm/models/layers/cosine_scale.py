"""A head's factor of cosines that follows from the CLIP and travels with the weights.

Cosines of a CLIP spread the less the larger the factor is that it was trained with, so
what was published for OpenAI's, 100, suits no other.
"""

import torch
from torch import Tensor, nn


def register_scale(head: nn.Module, given: float | None, follows: float) -> None:
    """Give a head its ``scale``, a buffer: packs and exports have no CLIP to ask.

    Args:
        head: The head.
        given: What its config says.
        follows: What follows from the CLIP, where the config says nothing.
    """
    head.scale_is_given = given is not None
    scale = float(follows if given is None else given)
    head.register_buffer('scale', torch.tensor(scale))


def match_scale(head: nn.Module, state_dict: dict[str, Tensor], prefix: str) -> None:
    """Put what the head's config gives before the ``scale`` of a checkpoint.

    Args:
        head: The head, which has a scale.
        state_dict: Of the checkpoint; changed in place.
        prefix: Of the head's names there.
    """
    if head.scale_is_given:
        state_dict[f'{prefix}scale'] = head.scale
