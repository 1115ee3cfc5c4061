"""What scores at least as high as each positive image: the base of every curve."""

import numpy as np


def hits_of_label(
    column: np.ndarray, positive: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Count, for every positive image, what scores at least as high as it.

    Only positive images need a rank, so nothing is sorted together with its target:
    two plain sorts are several times faster than one that moves indices.

    Args:
        column: Scores (N,).
        positive: Whether each image has the label, (N,) bool.

    Returns:
        The scores of the P positive images from the highest to the lowest, the
        positive images and all images at or above each, (P,) each.
    """
    hits = np.sort(column[positive])
    correct = len(hits) - np.searchsorted(hits, hits)
    predicted = len(column) - np.searchsorted(np.sort(column), hits)
    return hits[::-1], correct[::-1], predicted[::-1]
