"""Let timm read checkpoints the safe way, for the process.

``TIMMBackbone(checkpoint_path=...)`` of mmpretrain leaves the file to timm, whose
releases before 1.0.20 or so unpickle what it holds, and which says of a file that is
not there only that something was not found.
"""

import argparse
from typing import Any

import torch
from timm.models import _helpers

from ..weight_files import read_weights

_load_state_dict = _helpers.load_state_dict


def _read_first(checkpoint_path: str, *args: Any, **kwargs: Any) -> dict:
    """Read as timm does, after a look that admits data alone.

    Raises:
        FileNotFoundError, ValueError, UnpicklingError: As for
            :func:`mvlr_mm.weight_files.read_weights`.
    """
    # timm's own trainings store their arguments
    with torch.serialization.safe_globals([argparse.Namespace]):
        read_weights(checkpoint_path)
    return _load_state_dict(checkpoint_path, *args, **kwargs)


_helpers.load_state_dict = _read_first
