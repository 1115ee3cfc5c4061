import numpy as np
import pytest

KINDS = ['random', 'tied', 'constant', 'rare', 'full', 'empty', 'unknown', 'one label']


@pytest.fixture(params=KINDS)
def case(request):
    """Scores in [0, 1] and targets in {-1, 0, 1}, (60, 7) or (60, 1)."""
    return make_case(request.param)


@pytest.fixture
def cases():
    """Return the function that makes the cases, for tests that need one of them."""
    return make_case


def make_case(kind):
    rng = np.random.default_rng(0)
    scores, targets = rng.random((60, 7)), rng.integers(0, 2, (60, 7))
    targets[0], targets[1] = 0, 1
    if kind == 'tied':
        scores = np.round(scores, 1)
    elif kind == 'constant':
        scores[:] = 0.7
    elif kind == 'rare':
        targets[:] = 0
        targets[3] = 1
    elif kind == 'full':
        targets[:] = 1
    elif kind == 'empty':
        targets[:, 2] = 0
    elif kind == 'unknown':
        scores = np.round(scores, 1)
        targets[rng.random((60, 7)) < 0.3] = -1
        targets[:, 5] = -1
    elif kind == 'one label':
        scores, targets = scores[:, :1], targets[:, :1]
    return scores, targets
