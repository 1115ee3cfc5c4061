from math import inf

import pytest
import torch

from mvlr_mm.labels.thresholds import write_thresholds
from mvlr_mm.models.heads.label_thresholds import LabelThresholds


@pytest.fixture
def thresholds(tmp_path):
    labels = [dict(name='dog', threshold=0.25), dict(name='cat', threshold=0.7)]
    write_thresholds(tmp_path / 'thresholds.json', labels, {})
    return LabelThresholds(str(tmp_path / 'thresholds.json'))


def test_names_and_values_are_those_of_the_file(thresholds):
    assert thresholds.classes == ('dog', 'cat')
    assert thresholds.beside(torch.ones(3, 2)).tolist() == [0.25, 0.7]


def test_they_may_be_given_as_they_are():
    given = LabelThresholds({'dog': 0.25, 'cat': None})
    assert given.beside(torch.ones(3, 2), ('cat', 'dog')).tolist() == [inf, 0.25]
    with pytest.raises(ValueError, match=r'thr \(by label\) has thresholds for 2'):
        given.check(('cat', 'sheep'))


def test_scores_of_other_labels_are_refused(thresholds):
    with pytest.raises(ValueError, match='thresholds for 2 labels and the model has 5'):
        thresholds.beside(torch.ones(3, 5))


def test_names_are_gone_through_a_few_times_however_many_they_are(counted_names):
    """Not once for each of ten thousand, in every batch."""
    given = LabelThresholds(dict.fromkeys(counted_names, 0.5))
    given.beside(torch.ones(1, 50), counted_names)
    assert counted_names.times < 10
