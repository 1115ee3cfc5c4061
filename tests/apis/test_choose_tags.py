from pathlib import Path

import numpy as np
import pytest

from mvlr_mm.apis.choose_tags import TagChoice
from mvlr_mm.labels.thresholds import write_thresholds

NAMES = ('cat', 'dog', 'boat')
SCORES = np.array([0.5, 0.9, 0.7], np.float32)


def labels(*args, **kwargs):
    return [name for name, _ in TagChoice(NAMES, *args, **kwargs)(SCORES)]


def test_thresholds_of_every_kind(tmp_path):
    assert labels(0.5) == ['dog', 'boat', 'cat']
    assert labels([0.5, 1, 0.2]) == ['boat', 'cat']
    assert labels({'boat': 0.2, 'dog': 1, 'cat': 0.5}) == ['boat', 'cat']
    assert labels({'boat': 0.2, 'dog': None, 'cat': 0.5}) == ['boat', 'cat']
    stored = {'boat': 0.2, 'dog': 1, 'cat': 0.6, 'more': 0}
    assert labels('stored', stored=stored) == ['boat']
    assert labels(None) == ['dog', 'boat', 'cat']
    assert labels(None, topk=2) == ['dog', 'boat']
    assert labels(0.8, topk=2) == ['dog']
    path = str(tmp_path / 'thresholds.json')
    rows = [dict(name=name, threshold=t) for name, t in stored.items()]
    write_thresholds(path, rows, {})
    assert labels(path) == labels(Path(path)) == ['boat']


def test_a_threshold_is_no_float32():
    """As the heads and the evaluation have it."""
    assert float(np.float32(0.7)) < 0.7
    assert labels(0.7) == ['dog']
    assert labels(float(np.float32(0.7))) == ['dog', 'boat']


def test_equal_scores_keep_the_order_of_the_labels():
    chosen = TagChoice(NAMES, 0.1)(np.array([0.2, 0.2, 0.2], np.float32))
    assert [name for name, _ in chosen] == list(NAMES)
    assert type(chosen[0][1]) is float


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'gone\.json'):
        TagChoice(NAMES, str(tmp_path / 'gone.json'))
