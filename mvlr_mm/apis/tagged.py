"""What a model says of one picture."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Tagged:
    """What a model says of one picture, or why it says nothing.

    Letters: C labels, D width, H and W rows and columns of patches.
    """

    # what was given, or its name; None for an array or a PIL image
    path: str | None
    # label and score, best first: those at or above the threshold
    tags: tuple[tuple[str, float], ...] = ()
    scores: np.ndarray | None = None  # (C,) float32, in the order of the labels
    embedding: np.ndarray | None = None  # (D,) float32
    heatmap: np.ndarray | None = None  # (C, H, W) float32, logits of the patches
    error: str | None = None  # why there is nothing else
