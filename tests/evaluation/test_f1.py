import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from mmpretrain.evaluation import MultiLabelMetric
from sklearn.metrics import precision_recall_fscore_support
from torchmetrics.functional.classification import multilabel_f1_score

from mvlr_mm.evaluation.f1 import FAMILIES, KEYS, precision_recall_f1


def harmonic(a, b):
    return 2 * a * b / (a + b) if a + b else 0


def loop(scores, targets, thr, topk, family):
    """The published formulas, one picture and one label at a time."""
    n, c = scores.shape
    known = [j for j in range(c) if any(targets[i][j] >= 0 for i in range(n))]
    correct, predicted, actual = [0] * c, [0] * c, [0] * c
    for i in range(n):
        best = sorted(scores[i], reverse=True)[: topk or c]
        for j in range(c):
            if targets[i][j] < 0:
                continue
            above = scores[i][j] > thr if family == 'asl' else scores[i][j] >= thr
            says = above and scores[i][j] >= best[-1]
            predicted[j] += says
            actual[j] += targets[i][j]
            correct[j] += says and targets[i][j]
    p = [correct[j] / predicted[j] if predicted[j] else 0 for j in known]
    r = [correct[j] / actual[j] if actual[j] else 0 for j in known]
    f = [harmonic(a, b) for a, b in zip(p, r, strict=True)]
    cp, cr = sum(p) / len(known), sum(r) / len(known)
    cf1 = harmonic(cp, cr) if family == 'paper' else sum(f) / len(known)
    op = sum(correct) / sum(predicted) if sum(predicted) else 0
    orr = sum(correct) / sum(actual) if sum(actual) else 0
    values = (cp, cr, cf1, op, orr, harmonic(op, orr))
    return {key: 100 * value for key, value in zip(KEYS, values, strict=True)}


@pytest.mark.parametrize('topk', [None, 1, 3, 20])
@pytest.mark.parametrize('thr', [0.5, 0.7, 2])
@pytest.mark.parametrize('family', FAMILIES)
def test_numbers_equal_a_plain_loop(case, thr, topk, family):
    scores, targets = case
    found = precision_recall_f1(scores, targets, thr, topk, family)
    assert list(found) == list(KEYS)
    assert all(type(value) is float for value in found.values())
    expected = loop(scores, targets, thr, topk, family)
    assert found == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize('kind', ['random', 'tied', 'constant', 'rare', 'empty'])
def test_numbers_against_scikit_learn_and_torchmetrics(cases, kind):
    scores, targets = cases(kind)
    options = dict(zero_division=0)
    pred = scores >= 0.5
    macro = precision_recall_fscore_support(targets, pred, average='macro', **options)
    micro = precision_recall_fscore_support(targets, pred, average='micro', **options)
    expected = [100 * x for x in macro[:3] + micro[:3]]
    found = precision_recall_f1(scores, targets, family='mmpretrain')
    assert list(found.values()) == pytest.approx(expected)
    tensors = torch.tensor(scores), torch.tensor(targets)
    for key, average in (('CF1', 'macro'), ('OF1', 'micro')):
        # torchmetrics predicts above the threshold, as the ASL line
        of_asl = precision_recall_f1(scores, targets, family='asl')[key]
        value = multilabel_f1_score(*tensors, scores.shape[1], average=average)
        assert of_asl == pytest.approx(100 * value.item(), rel=1e-5)


@pytest.mark.parametrize('kind', ['random', 'tied', 'constant', 'rare', 'unknown'])
@pytest.mark.parametrize('options', [dict(thr=0.5), dict(topk=2)])
def test_the_mmpretrain_family_equals_mmpretrain(cases, kind, options):
    scores, targets = cases(kind)
    if 'topk' in options:  # torch.topk breaks ties by the order of the labels
        scores = scores + 1e-6 * np.arange(scores.shape[1])
    # mmpretrain counts labels of which nothing is known as 0
    shares = {'macro': (targets >= 0).any(axis=0).mean(), 'micro': 1}
    expected = []
    for average, share in shares.items():
        truth = targets.copy()  # which mmpretrain changes
        values = MultiLabelMetric.calculate(scores, truth, average=average, **options)
        expected += [value.item() / share for value in values[:3]]
    options = {'thr': None, **options}
    found = precision_recall_f1(scores, targets, family='mmpretrain', **options)
    assert list(found.values()) == pytest.approx(expected, rel=1e-5)


def test_the_paper_takes_the_harmonic_mean_of_the_means(cases):
    data = cases('random')
    of_means = precision_recall_f1(*data)
    of_labels = precision_recall_f1(*data, family='mmpretrain')
    assert of_means['CF1'] == pytest.approx(harmonic(of_means['CP'], of_means['CR']))
    assert abs(of_means['CF1'] - of_labels['CF1']) > 0.01


def test_topk_keeps_the_threshold_unless_there_is_none():
    scores, targets = np.array([[0.9, 0.4, 0.3]]), np.array([[1, 1, 0]])
    assert precision_recall_f1(scores, targets, topk=2)['OR'] == 50
    assert precision_recall_f1(scores, targets, thr=None, topk=2)['OR'] == 100


def test_bfloat16_equals_its_values_in_float64(cases):
    scores, targets = cases('random')
    scores = torch.tensor(scores).bfloat16()
    found = precision_recall_f1(scores, torch.tensor(targets).bool(), topk=2)
    assert found == precision_recall_f1(scores.double().numpy(), targets, topk=2)


shapes = st.tuples(st.integers(1, 12), st.integers(1, 4))
matrices = arrays(np.int64, shapes, elements=st.integers(0, 9))


@settings(max_examples=40, deadline=None, derandomize=True)
@given(matrices, st.randoms(use_true_random=False), st.sampled_from(FAMILIES))
def test_orders_and_monotone_maps_change_nothing(ranks, random, family):
    scores = ranks / 10
    targets = (ranks * 7 + np.arange(len(ranks))[:, None]) % 3 - 1
    rows = random.sample(range(len(scores)), len(scores))
    labels = random.sample(range(scores.shape[1]), scores.shape[1])
    found = precision_recall_f1(scores, targets, topk=2, family=family)
    for other, truth, thr in (
        (scores[rows], targets[rows], 0.5),
        (scores[:, labels], targets[:, labels], 0.5),
        (scores**3, targets, 0.125),
    ):
        other = precision_recall_f1(other, truth, thr, topk=2, family=family)
        assert other == pytest.approx(found, rel=1e-12, nan_ok=True)
    numbers = [value for value in found.values() if not np.isnan(value)]
    assert all(0 <= value <= 100 for value in numbers)
    assert len(numbers) == len(KEYS) or (targets < 0).all()


def test_an_unknown_family_is_refused(cases):
    with pytest.raises(ValueError, match=r"family \('coco'\) must be one of \('paper"):
        precision_recall_f1(*cases('random'), family='coco')
