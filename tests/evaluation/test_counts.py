import numpy as np
import pytest

from mvlr_mm.evaluation.counts import (
    LabelCounts,
    _thresholds,
    decide,
    known_labels,
    label_counts,
)


def loop(scores, targets, thr, topk, strict):
    """Whether each label is predicted, one picture and one label at a time."""
    predicted = np.zeros(scores.shape, bool)
    for i, row in enumerate(scores):
        best = sorted(row, reverse=True)[: topk or len(row)]
        for j, score in enumerate(row):
            limit = thr[j] if np.ndim(thr) else thr
            says = limit is None or (score > limit if strict else score >= limit)
            predicted[i, j] = says and score >= best[-1] and targets[i, j] >= 0
    return predicted


@pytest.mark.parametrize('topk', [None, 1, 3, 20])
@pytest.mark.parametrize('thr', [0.5, 0.7, 2, 'own'])
@pytest.mark.parametrize('strict', [False, True])
def test_decisions_equal_a_plain_loop(case, thr, topk, strict):
    scores, targets = case
    if thr == 'own':
        thr = np.linspace(0.1, 0.9, scores.shape[1])
    predicted, actual, known = decide(scores, targets, thr, topk, must_exceed=strict)
    np.testing.assert_array_equal(predicted, loop(scores, targets, thr, topk, strict))
    np.testing.assert_array_equal(actual, targets == 1)
    np.testing.assert_array_equal(known, targets >= 0)
    counts = label_counts(scores, targets, thr, topk, must_exceed=strict)
    np.testing.assert_array_equal(counts.correct, (predicted & actual).sum(0))
    np.testing.assert_array_equal(counts.predicted, predicted.sum(0))
    np.testing.assert_array_equal(counts.actual, actual.sum(0))
    np.testing.assert_array_equal(counts.known, known.sum(0))


def test_labels_of_which_one_picture_is_known_stay():
    counts = LabelCounts(*np.array([[1, 0, 0], [2, 0, 1], [2, 0, 1], [3, 0, 1]]))
    for found, expected in zip(known_labels(counts), counts, strict=True):
        np.testing.assert_array_equal(found, expected[[0, 2]])
    every = LabelCounts(*np.ones((4, 3), int))
    for found in known_labels(every):
        np.testing.assert_array_equal(found, np.ones(3))


def test_topk_without_a_threshold(cases):
    scores, targets = cases('random')
    predicted = decide(scores, targets, thr=None, topk=3).predicted
    assert (predicted.sum(axis=1) == 3).all()
    np.testing.assert_array_equal(predicted, loop(scores, targets, None, 3, False))


def test_thresholds_are_compared_in_float64():
    scores = np.array([[0.7, 0.7]], np.float32)  # just below 0.7
    found = decide(scores, np.ones((1, 2)), np.array([0.7, 0.69999998]))
    np.testing.assert_array_equal(found.predicted, [[False, True]])
    assert not decide(scores, np.ones((1, 2)), 0.7).predicted.any()
    # numpy before 2.0 rounds numbers and arrays of shape () to the scores' float32
    for thr in (0.7, np.float64(0.7), np.array(0.7)):
        found = _thresholds(thr, 2)
        assert (found.shape, found.dtype, found[1]) == ((2,), np.float64, 0.7)


def test_bad_arguments_are_explained(cases):
    data = cases('random')
    with pytest.raises(ValueError, match=r'topk \(0\) must be a whole number, at'):
        label_counts(*data, topk=0)
    with pytest.raises(ValueError, match='thr and topk are both None; give one'):
        label_counts(*data, thr=None)
    with pytest.raises(ValueError, match=r'thr has shape \(3,\); .* each of the 7'):
        label_counts(*data, thr=np.ones(3))
    with pytest.raises(ValueError, match='thr is nan'):
        label_counts(*data, thr=float('nan'))
