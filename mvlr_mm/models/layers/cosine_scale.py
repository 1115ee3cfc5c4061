"""A head's factor of cosines that follows from the CLIP and travels with the weights.

Cosines of a CLIP spread the less the larger the factor is that it was trained with, so
a number that was made for OpenAI's, 100, need not suit another.
"""

import torch
from torch import Tensor, nn

from ...argument_checks import check_number

OPENAI = 100.0


def register_scale(
    head: nn.Module, given: float | None, trained: float | None, share: float = 1.0
) -> None:
    """Give a head its ``scale``, a buffer: packs and exports have no CLIP to ask.

    Args:
        head: The head.
        given: What its config says.
        trained: The factor of the CLIP; None is :data:`OPENAI`.
        share: Of the CLIP's, where the config says nothing.

    Raises:
        ValueError: ``given`` or ``trained`` is no finite number above 0.
    """
    head.scale_is_given = given is not None
    trained = OPENAI if trained is None else trained
    for name, value in (('scale', given), ('trained_scale', trained)):
        check_number(f'{type(head).__name__}: {name}', value, or_none=True, above=0)
    scale = given if head.scale_is_given else share * trained
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
