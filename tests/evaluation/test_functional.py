import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import (
    average_precision_score,
    f1_score,
    precision_score,
    recall_score,
)

from mvlr_mm.evaluation import average_precision, precision_recall_f1

KEYS = ['CP', 'CR', 'CF1', 'OP', 'OR', 'OF1']


def data(kind, n=60, c=7):
    rng = np.random.default_rng(0)
    scores, targets = rng.random((n, c)), rng.integers(0, 2, (n, c))
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
    return scores, targets


def harmonic(a, b):
    return 2 * a * b / (a + b) if a + b else 0


def loop(scores, targets, thr, topk=None):
    """ML-GCN's formulas, one picture and one label at a time."""
    n, c = scores.shape
    correct, predicted, actual = [0] * c, [0] * c, [0] * c
    for i in range(n):
        best = sorted(scores[i], reverse=True)[: topk or c]
        for j in range(c):
            says = scores[i][j] >= thr and scores[i][j] >= best[-1]
            predicted[j] += says
            actual[j] += targets[i][j]
            correct[j] += says and targets[i][j]
    cp = sum(a / b if b else 0 for a, b in zip(correct, predicted, strict=True)) / c
    cr = sum(a / b if b else 0 for a, b in zip(correct, actual, strict=True)) / c
    op = sum(correct) / sum(predicted) if sum(predicted) else 0
    orr = sum(correct) / sum(actual) if sum(actual) else 0
    values = (cp, cr, harmonic(cp, cr), op, orr, harmonic(op, orr))
    return {key: 100 * value for key, value in zip(KEYS, values, strict=True)}


@pytest.mark.parametrize('kind', ['random', 'tied', 'constant', 'rare', 'full'])
def test_ap_equals_scikit_learn(kind):
    scores, targets = data(kind)
    expected = average_precision_score(targets, scores, average=None)
    found = average_precision(scores, targets)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_ap_equals_precision_at_each_hit_where_nothing_ties():
    scores, targets = data('random', n=30, c=1)
    hits, terms = 0, []
    for rank, i in enumerate(np.argsort(-scores[:, 0]), 1):
        hits += targets[i, 0]
        if targets[i, 0]:
            terms.append(hits / rank)
    found = average_precision(scores, targets)
    np.testing.assert_allclose(found, [np.mean(terms)], rtol=1e-13)


def test_a_label_without_positives_is_nan_and_no_other():
    scores, targets = data('random')
    targets[:, 2] = 0
    np.testing.assert_array_equal(
        np.isnan(average_precision(scores, targets)), np.arange(7) == 2
    )


@pytest.mark.parametrize('dtype', ['float32', 'float16', 'bfloat16', 'float64'])
def test_tensors_of_any_type_equal_their_values_in_float64(dtype):
    scores, targets = data('random')
    scores = torch.tensor(scores).to(getattr(torch, dtype)).requires_grad_()
    exact = scores.detach().double().numpy()
    found = average_precision(scores, torch.tensor(targets, dtype=torch.float32))
    np.testing.assert_array_equal(found, average_precision(exact, targets))
    found = precision_recall_f1(scores, torch.tensor(targets).bool(), topk=2)
    assert found == precision_recall_f1(exact, targets, topk=2)


@pytest.mark.parametrize('kind', ['random', 'tied', 'constant', 'rare'])
@pytest.mark.parametrize('topk', [None, 1, 3, 20])
@pytest.mark.parametrize('thr', [0.5, 0.9, 2])
def test_numbers_equal_a_plain_loop(kind, topk, thr):
    scores, targets = data(kind)
    targets[:, 4] = 0
    found = precision_recall_f1(scores, targets, thr, topk)
    assert list(found) == KEYS
    assert found == pytest.approx(loop(scores, targets, thr, topk), rel=1e-12)


def test_numbers_against_scikit_learn():
    scores, targets = data('random')
    pred, options = scores >= 0.5, dict(zero_division=0)
    found = precision_recall_f1(scores, targets)
    cp = 100 * precision_score(targets, pred, average='macro', **options)
    cr = 100 * recall_score(targets, pred, average='macro', **options)
    of1 = 100 * f1_score(targets, pred, average='micro', **options)
    assert (found['CP'], found['CR']) == pytest.approx((cp, cr))
    assert found['OF1'] == pytest.approx(of1)
    # the harmonic mean of CP and CR is not the mean of F1
    assert found['CF1'] == pytest.approx(harmonic(cp, cr))
    macro = 100 * f1_score(targets, pred, average='macro', **options)
    assert abs(found['CF1'] - macro) > 0.01


def test_topk_keeps_the_threshold():
    scores, targets = np.array([[0.9, 0.4, 0.3]]), np.array([[1, 1, 0]])
    assert precision_recall_f1(scores, targets, topk=2)['OR'] == 50


shapes = st.tuples(st.integers(1, 12), st.integers(1, 4))
matrices = arrays(np.int64, shapes, elements=st.integers(0, 9))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(matrices, st.randoms(use_true_random=False))
def test_the_order_of_rows_and_monotone_maps_change_nothing(ranks, random):
    scores, targets = ranks / 10, (ranks * 7 + np.arange(len(ranks))[:, None]) % 3 == 0
    order = random.sample(range(len(scores)), len(scores))
    ap = average_precision(scores, targets)
    np.testing.assert_array_equal(ap, average_precision(scores[order], targets[order]))
    np.testing.assert_array_equal(ap, average_precision(np.exp(3 * scores), targets))
    found = precision_recall_f1(scores, targets, topk=2)
    assert found == precision_recall_f1(scores[order], targets[order], topk=2)
    assert found == precision_recall_f1(scores**3, targets, 0.125, topk=2)
    assert all(0 <= value <= 100 for value in found.values())


@pytest.mark.parametrize('function', [average_precision, precision_recall_f1])
def test_bad_input_is_explained(function):
    scores, targets = data('random')
    scores[5, 3] = np.nan
    with pytest.raises(ValueError, match='NaN, first in row 5, label 3'):
        function(scores, targets)
    scores[5, 3] = 0
    with pytest.raises(ValueError, match=r'targets must be 0 or 1; found \[-1\]'):
        function(scores, np.where(targets, 1, -1))
    with pytest.raises(ValueError, match=r'scores \(60, 7\) and targets \(59, 7\)'):
        function(scores, targets[1:])
    with pytest.raises(ValueError, match='not empty'):
        function(scores[:0], targets[:0])
    with pytest.raises(ValueError, match=r'topk \(0\) must be at least 1'):
        precision_recall_f1(scores, targets, topk=0)
