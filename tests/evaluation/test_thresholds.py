import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import fbeta_score, precision_score, recall_score

from mvlr_mm.evaluation.thresholds import (
    global_threshold,
    search_thresholds,
)


def precision_recall(column, truth, threshold):
    """Both at one threshold, counted."""
    says = column >= threshold
    both = (says & (truth == 1)).sum()
    return both / says.sum() if says.any() else 0, both / truth.sum()


def best_of_all(column, truth, beta):
    """The highest F-beta that any threshold gives, by trying each."""
    values = []
    for threshold in column:
        p, r = precision_recall(column, truth, threshold)
        values.append((1 + beta**2) * p * r / (beta**2 * p + r) if p + r else 0)
    return max(values)


@pytest.mark.parametrize(('by', 'level'), [('f1', None), ('fbeta', 2), ('fbeta', 0.3)])
def test_the_best_f_of_all_thresholds(case, by, level):
    scores, targets = case
    found = search_thresholds(scores, targets, by, level)
    for label, (threshold, precision, recall) in enumerate(zip(*found, strict=True)):
        known = targets[:, label] >= 0
        column, truth = scores[known, label], targets[known, label]
        if not truth.any():
            assert np.isnan([threshold, precision, recall]).all()
            continue
        for says in (column >= threshold, column > threshold):
            value = fbeta_score(truth, says, beta=level or 1)
            assert value == pytest.approx(best_of_all(column, truth, level or 1))
        assert precision == pytest.approx(precision_score(truth, says))
        assert recall == pytest.approx(recall_score(truth, says))


@pytest.mark.parametrize('level', [0.3, 0.6, 1.0])
def test_the_highest_recall_at_a_precision(case, level):
    scores, targets = case
    found = search_thresholds(scores, targets, 'precision', level)
    for label, (threshold, precision, recall) in enumerate(zip(*found, strict=True)):
        known = targets[:, label] >= 0
        column, truth = scores[known, label], targets[known, label]
        if not truth.any():
            assert np.isnan(threshold)
            continue
        pairs = [precision_recall(column, truth, t) for t in column]
        reached = [r for p, r in pairs if p >= level]
        assert recall == pytest.approx(max(reached, default=0))
        if reached:
            assert precision >= level
            assert recall == pytest.approx(recall_score(truth, column >= threshold))
        else:
            assert (threshold, precision) == (np.inf, 0)  # it predicts nothing


def test_a_precision_that_is_just_reached():
    # 7 of 25; 0.28 * 25 is a little above 7 in floating point
    truth = np.array([1] * 6 + [0] * 18 + [1])[:, None]
    found = search_thresholds(np.arange(25)[::-1, None] / 25, truth, 'precision', 0.28)
    assert (found.precision[0], found.recall[0]) == (0.28, 1)


def test_one_threshold_for_all_decisions(cases):
    scores, targets = cases('unknown')
    found = global_threshold(torch.tensor(scores), torch.tensor(targets))
    known = targets >= 0
    column, truth = scores[known], targets[known]
    assert found.threshold.shape == (1,)
    value = fbeta_score(truth, column >= found.threshold, beta=1)
    assert value == pytest.approx(best_of_all(column, truth, 1))


def test_neighbouring_scores_are_still_told_apart():
    scores = np.array([0.5, np.nextafter(0.5, 1)])[:, None]
    threshold = search_thresholds(scores, np.array([[0], [1]])).threshold
    np.testing.assert_array_equal(scores >= threshold, [[False], [True]])


shapes = st.tuples(st.integers(1, 12), st.integers(1, 4))
matrices = arrays(np.int64, shapes, elements=st.integers(0, 9))


@settings(max_examples=40, deadline=None, derandomize=True)
@given(matrices, st.randoms(use_true_random=False))
def test_the_order_of_rows_and_monotone_maps_change_no_decision(ranks, random):
    scores, targets = ranks / 10, (ranks * 7 + np.arange(len(ranks))[:, None]) % 2
    order = random.sample(range(len(scores)), len(scores))
    found = search_thresholds(scores, targets)
    np.testing.assert_array_equal(
        found, search_thresholds(scores[order], targets[order])
    )
    mapped = np.exp(scores)
    other = search_thresholds(mapped, targets)
    np.testing.assert_array_equal(scores >= found.threshold, mapped >= other.threshold)


@pytest.mark.parametrize(
    ('by', 'level', 'message'),
    [
        ('auc', None, r"by \('auc'\) must be one of \('f1', 'fbeta', 'precision'\)"),
        ('f1', 2, r"level \(2\) must be None for by='f1'"),
        ('fbeta', 0, r"level \(0\) must be positive, such as 2 for by='fbeta'"),
        ('precision', None, r'level \(None\) must be in \(0, 1\], such as 0\.9'),
        ('precision', 1.5, r'level \(1\.5\) must be in \(0, 1\]'),
    ],
)
def test_bad_arguments_are_explained(cases, by, level, message):
    with pytest.raises(ValueError, match=message):
        search_thresholds(*cases('random'), by, level)
