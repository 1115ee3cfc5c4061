"""From any score to a probability: a logistic regression of one number."""

import numpy as np
import torch
import torch.nn.functional as F

from .columns import Matrix, checked

_STEPS = 200


def fit_logistic(values: Matrix, targets: Matrix) -> tuple[float, float]:
    """Return slope and bias for which ``sigmoid(slope * value + bias)`` fits best.

    The lowest cross-entropy over all images and labels together (Platt, Probabilistic
    Outputs for Support Vector Machines, 1999, without his smoothing of the targets).

    Args:
        values: Any numbers, (N, C).
        targets: 1 present, 0 absent, -1 unknown and left out, (N, C).

    Raises:
        ValueError: As for :func:`average_precision`; or all that is known is present,
            or absent.
    """
    values, targets = checked(values, targets)
    known = targets >= 0
    x = torch.from_numpy(values[known].astype(np.float64))
    y = torch.from_numpy(targets[known].astype(np.float64))
    if not len(y) or y.min() == y.max():
        raise ValueError('targets must have both present and absent labels.')
    line = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    search = torch.optim.LBFGS(
        [line],
        max_iter=_STEPS,
        tolerance_grad=1e-9,
        tolerance_change=1e-13,
        line_search_fn='strong_wolfe',
    )

    def loss() -> torch.Tensor:
        search.zero_grad()
        error = F.binary_cross_entropy_with_logits(line[0] * x + line[1], y)
        error.backward()
        return error

    with torch.enable_grad():
        search.step(loss)
    return tuple(line.tolist())
