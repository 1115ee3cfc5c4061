"""Which labels of a data set are probably wrong, by what a model says of them."""

import warnings

import numpy as np

from ..extras import require
from .columns import Matrix, per_label


def suspected_label_errors(scores: Matrix, targets: Matrix) -> list[np.ndarray]:
    """Return, for every label, the images whose label is probably wrong.

    Confident learning (`Northcutt et al. 2021 <https://arxiv.org/abs/1911.00068>`_,
    pruning by noise rate), each label against the rest, as cleanlab does with
    several labels for an image. The images with a label, and those without, each have a
    mean score; an image of one kind that lies beyond the mean of the other counts as
    an error, and as many of each kind are suspected as these counts say, the surest
    first, of those on the other side of 0.5. A label that all known images have, or
    none, has no suspects.

    Args:
        scores: Probabilities (N, C), of images that the model was not trained on: it
            believes those that it has learned.
        targets: 1 present, 0 absent, -1 unknown and left out, (N, C).

    Returns:
        For each of the C labels, indices of images, the most suspect first.

    Raises:
        ImportError: cleanlab is not installed; the extra ``report`` brings it.
        ValueError: As for :func:`average_precision`, or a score lies outside [0, 1].
    """
    suspects_of = require('cleanlab.filter', extra='report').find_label_issues

    def of_label(
        column: np.ndarray, positive: np.ndarray, rows: np.ndarray | slice
    ) -> np.ndarray:
        if column.min(initial=0) < 0 or column.max(initial=0) > 1:
            raise ValueError('scores must be probabilities, in [0, 1].')
        if positive.all() or not positive.any():
            return np.zeros(0, dtype=np.int64)
        column = column.astype(np.float64)
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')  # of each label with few images, nameless
            found = suspects_of(
                labels=positive.astype(np.int64),
                pred_probs=np.stack([1 - column, column], axis=1),
                return_indices_ranked_by='self_confidence',
                n_jobs=1,  # processes of its own would take longer to start
            )
        return np.arange(len(targets))[rows][found]

    return per_label(of_label, scores, targets)
