from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from mmpretrain.evaluation import AveragePrecision
from sklearn.metrics import average_precision_score
from torchmetrics.functional.classification import binary_average_precision

from mvlr_mm.evaluation.average_precision import AP_MODES, average_precision

MODES = list(AP_MODES)


def curve(scores, targets):
    """Precision and recall at every distinct score, from the formula, exactly."""
    pairs = [(s, t) for s, t in zip(scores, targets, strict=True) if t >= 0]
    total = sum(t for _, t in pairs)
    points = []
    for threshold in sorted({s for s, _ in pairs}, reverse=True):
        above = [t for s, t in pairs if s >= threshold]
        recall = Fraction(int(sum(above)), int(total))
        points.append((Fraction(int(sum(above)), len(above)), recall))
    return points


def best_from(points, recall):
    return max(p for p, r in points if r >= recall)


def loop(scores, targets, mode):
    """The AP of one label, from the curve."""
    if not (targets == 1).any():
        return np.nan
    points = curve(scores, targets)
    if mode == 'voc07':
        return float(sum(best_from(points, Fraction(j, 10)) for j in range(11)) / 11)
    ap, before = Fraction(0), Fraction(0)
    for precision, recall in points:
        height = best_from(points, recall) if mode == 'voc10' else precision
        ap += (recall - before) * height
        before = recall
    return float(ap)


@pytest.mark.parametrize('mode', MODES)
def test_every_mode_equals_its_formula(case, mode):
    scores, targets = case
    found = average_precision(scores, targets, mode)
    assert found.dtype == np.float64
    expected = [loop(*label, mode) for label in zip(scores.T, targets.T, strict=True)]
    np.testing.assert_allclose(found, expected, rtol=1e-13)


@pytest.mark.parametrize('mode', ['noninterpolated', 'sklearn'])
def test_equal_to_scikit_learn_and_torchmetrics(case, mode):
    scores, targets = case
    found = average_precision(scores, targets, mode, empty='zero')
    for label, ap in enumerate(found):
        known = targets[:, label] >= 0
        column, truth = scores[known, label], targets[known, label]
        if truth.any():
            expected = average_precision_score(truth, column)
            assert ap == pytest.approx(expected, rel=1e-13)
            pair = torch.tensor(column), torch.tensor(truth)
            assert ap == pytest.approx(binary_average_precision(*pair).item(), rel=1e-6)
        else:
            assert ap == 0


@pytest.mark.parametrize('kind', ['random', 'rare', 'empty'])
def test_equal_to_mmpretrain_where_no_scores_tie(cases, kind):
    scores, targets = cases(kind)
    expected = AveragePrecision.calculate(scores, targets, average=None)
    found = 100 * average_precision(scores, targets, empty='zero')
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_equal_to_the_precision_at_each_hit_where_no_scores_tie(cases):
    scores, targets = (x[:, 0] for x in cases('random'))
    hits, terms = 0, []
    for rank, i in enumerate(np.argsort(-scores), 1):
        hits += targets[i]
        if targets[i]:
            terms.append(hits / rank)
    found = average_precision(scores[:, None], targets[:, None])
    np.testing.assert_allclose(found, [np.mean(terms)], rtol=1e-13)


def test_eleven_points_compare_recalls_exactly():
    # 3 of 10 hits is recall 0.3, which 3 * 0.1 exceeds in floating point
    scores = np.arange(20, 0, -1.0)[:, None]
    targets = np.array([1] * 3 + [0] * 10 + [1] * 7)[:, None]
    # recall 0 to 0.3 has precision 1, beyond it 10/20
    expected = (4 * 1 + 7 * 0.5) / 11
    np.testing.assert_allclose(average_precision(scores, targets, 'voc07'), expected)


def test_labels_without_positives(cases):
    scores, targets = cases('empty')
    empty = np.arange(7) == 2
    for policy in ('skip', 'nan'):
        ap = average_precision(scores, targets, empty=policy)
        np.testing.assert_array_equal(np.isnan(ap), empty)
    assert average_precision(scores, targets, empty='zero')[2] == 0


@pytest.mark.parametrize('mode', MODES)
def test_a_curve_without_hits_sums_to_zero(mode):
    gain = np.array([[0.0, 1.0], [0.0, 0.0]])
    precision = np.array([[0.5, 1.0], [0.5, 0.5]])
    summed = AP_MODES[mode](gain, gain.cumsum(axis=0), precision)
    np.testing.assert_array_equal(summed, [0.0, 1.0])


@pytest.mark.parametrize('mode', MODES)
@pytest.mark.parametrize('dtype', ['float32', 'float16', 'bfloat16', 'float64'])
def test_tensors_of_any_type_equal_their_values_in_float64(cases, dtype, mode):
    scores, targets = cases('random')
    scores = torch.tensor(scores).to(getattr(torch, dtype))
    found = average_precision(scores, torch.tensor(targets, dtype=torch.float32), mode)
    exact = average_precision(scores.double().numpy(), targets, mode)
    np.testing.assert_array_equal(found, exact)


shapes = st.tuples(st.integers(1, 12), st.integers(1, 4))
matrices = arrays(np.int64, shapes, elements=st.integers(0, 9))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(matrices, st.randoms(use_true_random=False), st.sampled_from(MODES))
def test_the_order_of_rows_and_monotone_maps_change_nothing(ranks, random, mode):
    scores = ranks / 10
    targets = (ranks * 7 + np.arange(len(ranks))[:, None]) % 4 - 1
    targets[targets == 2] = 0
    order = random.sample(range(len(scores)), len(scores))
    ap = average_precision(scores, targets, mode)
    other = average_precision(scores[order], targets[order], mode)
    np.testing.assert_array_equal(ap, other)
    other = average_precision(np.exp(3 * scores), targets, mode)
    np.testing.assert_array_equal(ap, other)
    known = ~np.isnan(ap)
    assert ((ap > 0) & (ap <= 1))[known].all()
    if mode != 'voc07':
        envelope = average_precision(scores, targets, 'voc10')
        assert (ap <= envelope + 1e-15)[known].all()


@settings(max_examples=30, deadline=None, derandomize=True)
@given(matrices, st.integers(0, 11), st.sampled_from(MODES))
def test_unknown_equals_not_there(ranks, row, mode):
    scores, targets = ranks / 10, (ranks + np.arange(len(ranks))[:, None]) % 2
    row %= len(ranks)
    if len(ranks) > 1:
        unknown = targets.copy()
        unknown[row] = -1
        np.testing.assert_array_equal(
            average_precision(scores, unknown, mode),
            average_precision(
                np.delete(scores, row, 0), np.delete(targets, row, 0), mode
            ),
        )


def test_an_unknown_choice_is_refused(cases):
    with pytest.raises(ValueError, match=r"mode \('coco'\) must be one of \('nonint"):
        average_precision(*cases('random'), mode='coco')
    with pytest.raises(ValueError, match=r"empty \('one'\) must be one of \('skip'"):
        average_precision(*cases('random'), empty='one')
