"""What json holds: its numbers are finite."""

import math
from typing import Any

import numpy as np


def finite(value: Any) -> Any:
    """Return a value with None, json's null, in place of nan and the infinities.

    Python writes those as ``NaN`` and ``Infinity``, which is no json and which few
    other programs read.

    Args:
        value: Of dicts, lists, tuples, numbers and texts.
    """
    if isinstance(value, dict):
        return {key: finite(x) for key, x in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(x) for x in value]
    if isinstance(value, (float, np.floating)) and not math.isfinite(value):
        return None
    return value
