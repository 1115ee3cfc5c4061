"""Numbers over the order of the labels within an image.

Equal scores count against the model, as in scikit-learn, so that the order of the
labels never matters. Source: Zhang and Zhou, A Review on Multi-Label Learning
Algorithms, 2014, section 2.2.2.
"""

from collections.abc import Iterator

import numpy as np

from .columns import Matrix, checked
from .means import mean

ROWS = 1024  # images ranked at once: little memory beside the scores


def ranking_metrics(scores: Matrix, targets: Matrix) -> dict[str, float]:
    """Return ranking loss, coverage and one-error.

    - ``ranking-loss``, in percent: of the pairs of a present and an absent label of an
      image, the share where the absent one scores at least as high; the mean over all
      images, 0 for one without such pairs (scikit-learn's ``label_ranking_loss``).
    - ``coverage``: how many of the highest labels of an image it takes to have all that
      are present; the mean over all images, 0 for one without a label (scikit-learn's
      ``coverage_error``; the source subtracts 1).
    - ``one-error``, in percent: images where an absent label scores at least as high as
      every present one, of those with a present label; nan if none has one.

    An image of which no label is known is left out; without any other, all are nan.

    Args:
        scores: Scores (N, C).
        targets: 1 present, 0 absent, -1 unknown and left out, (N, C).

    Raises:
        ValueError: As for :func:`average_precision`.
    """
    parts = [_rank(*block) for block in _blocks(*checked(scores, targets))]
    loss, covered, error, labelled = (
        np.concatenate(x) for x in zip(*parts, strict=True)
    )
    return {
        'ranking-loss': 100 * mean(loss),
        'coverage': mean(covered),
        'one-error': 100 * mean(error[labelled]),
    }


def _blocks(
    scores: np.ndarray, targets: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield images of which some label is known, ROWS at once."""
    for first in range(0, len(scores), ROWS):
        rows = slice(first, first + ROWS)
        known = (targets[rows] >= 0).any(axis=1)
        yield scores[rows][known], targets[rows][known]


def _rank(scores: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return loss, coverage, error and whether it has a label, for each image, (n,)."""
    # from the highest score down, absent before present where they are equal: each
    # present label comes after all absent ones that score at least as high
    order = np.lexsort((targets, -scores), axis=1)
    ranked = np.take_along_axis(targets, order, axis=1)
    present, above = ranked == 1, (ranked == 0).cumsum(axis=1)
    pairs = present.sum(axis=1) * above[:, -1]
    wrong = (present * above).sum(axis=1)
    labelled = present.any(axis=1)
    rows = np.arange(len(ranked))
    first = present.argmax(axis=1)
    last = ranked.shape[1] - 1 - present[:, ::-1].argmax(axis=1)
    covered = (ranked >= 0).cumsum(axis=1)[rows, last]
    return (
        wrong / np.maximum(pairs, 1),
        np.where(labelled, covered, 0),
        above[rows, first] > 0,
        labelled,
    )
