"""Json as a tensor, so that it goes wherever weights go.

Through ``weights_only=True``, averages, prefixes, copies of a dict and safetensors, in
which the metadata of a state dict is lost.
"""

import json
from typing import Any

import torch
from torch import Tensor


def encode(content: dict[str, Any]) -> Tensor:
    """Return the UTF-8 bytes of the json, (N,) uint8."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True)
    return torch.tensor(list(text.encode('utf-8')), dtype=torch.uint8)


def decode(stored: Tensor, name: str) -> dict[str, Any]:
    """Return what :func:`encode` was given.

    Args:
        stored: The bytes, (N,) uint8.
        name: Of the tensor, for the message.

    Raises:
        ValueError: The bytes are no json of a dict.
    """
    try:
        content = json.loads(bytes(stored.tolist()).decode('utf-8'))
        return dict(content)
    except (AttributeError, RecursionError, TypeError, ValueError) as error:
        raise ValueError(
            f'{name} of the checkpoint cannot be read ({error!r}); the file is '
            'damaged, or something else has that name.'
        ) from error
