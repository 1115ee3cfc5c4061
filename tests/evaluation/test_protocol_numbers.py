import tracemalloc

import numpy as np
import pytest
import torch
from mmpretrain.evaluation import AveragePrecision, MultiLabelMetric
from sklearn.metrics import average_precision_score, precision_recall_fscore_support

from mvlr_mm.evaluation.average_precision import average_precision
from mvlr_mm.evaluation.bootstrap import map_interval
from mvlr_mm.evaluation.counts import decide, label_counts
from mvlr_mm.evaluation.f1 import KEYS, precision_recall_f1
from mvlr_mm.evaluation.instances import (
    hamming_loss,
    instance_metrics,
    mean_accuracy,
    subset_accuracy,
)
from mvlr_mm.evaluation.protocol_numbers import evaluate
from mvlr_mm.evaluation.protocols import PROTOCOLS, protocol_of
from mvlr_mm.evaluation.ranking import ranking_metrics

SIX = ('CP', 'CR', 'CF1', 'OP', 'OR', 'OF1')


def six(found, prefix=''):
    return [found[prefix + key] for key in SIX]


def program_of_mlgcn(scores, targets, topk=None):
    """What the line of ML-GCN computes, without ties and empty labels."""
    c = scores.shape[1]
    says = scores >= 0.5
    if topk:
        kth = -np.sort(-scores, axis=1)[:, topk - 1, None]
        says &= scores >= kth
    n_c, n_p, n_g = (says * targets).sum(0), says.sum(0), targets.sum(0)
    n_p[n_p == 0] = 1
    o_p, o_r = n_c.sum() / n_p.sum(), n_c.sum() / n_g.sum()
    c_p, c_r = (n_c / n_p).sum() / c, (n_c / n_g).sum() / c
    cf1, of1 = 2 * c_p * c_r / (c_p + c_r), 2 * o_p * o_r / (o_p + o_r)
    return [100 * x for x in (c_p, c_r, cf1, o_p, o_r, of1)]


def program_of_asl(scores, targets, thr):
    """What the line of ASL computes."""
    says = scores > thr
    tp, fp = (says & (targets == 1)).sum(0), (says & (targets == 0)).sum(0)
    fn = (~says & (targets == 1)).sum(0)
    p = [a / (a + b) if a else 0 for a, b in zip(tp, fp, strict=True)]
    r = [a / (a + b) if a else 0 for a, b in zip(tp, fn, strict=True)]
    f = [2 * a * b / (a + b) if a else 0 for a, b in zip(p, r, strict=True)]
    p_o, r_o = tp.sum() / (tp + fp).sum(), tp.sum() / (tp + fn).sum()
    means = [np.mean(x) for x in (p, r, f)]
    return [100 * x for x in (*means, p_o, r_o, 2 * p_o * r_o / (p_o + r_o))]


def programs_ap(scores, targets, epsilon=0.0):
    """The mean over labels of the precision at each hit, in the order of the scores."""
    values = []
    for column, truth in zip(scores.T, targets.T, strict=True):
        ranked = truth[np.argsort(-column)]
        precision = ranked.cumsum() / np.arange(1, len(ranked) + 1)
        values.append((precision * ranked).sum() / (ranked.sum() + epsilon))
    return 100 * np.mean(values)


def test_mlgcn(cases):
    scores, targets = cases('random')
    found = evaluate(scores, targets, PROTOCOLS['mlgcn'])
    assert found['mAP'] == pytest.approx(programs_ap(scores, targets), rel=1e-12)
    assert six(found) == pytest.approx(program_of_mlgcn(scores, targets), rel=1e-12)
    top = program_of_mlgcn(scores, targets, 3)
    assert six(found, 'top3-') == pytest.approx(top, rel=1e-12)


@pytest.mark.parametrize('name', ['asl', 'mldecoder', 'dualcoop'])
def test_the_line_of_asl(cases, name):
    scores, targets = cases('empty')
    thr = dict(asl=0.8, mldecoder=0.75, dualcoop=0.5)[name]
    found = evaluate(scores, targets, PROTOCOLS[name])
    expected = programs_ap(scores, targets, 1e-8)
    assert found['mAP'] == pytest.approx(expected, rel=1e-8)
    assert six(found) == pytest.approx(program_of_asl(scores, targets, thr), rel=1e-12)
    assert 'top3-CF1' not in found


@pytest.mark.parametrize('kind', ['random', 'empty', 'unknown'])
def test_mmpretrain(cases, kind):
    scores, targets = cases(kind)
    scores = np.random.default_rng(1).permutation(scores.size).reshape(scores.shape)
    scores = scores / scores.size  # without ties, which mmpretrain takes as they come
    targets[0, 5] = 1  # a label of which nothing is known is an error there
    found = evaluate(scores, targets, PROTOCOLS['mmpretrain'])
    expected = AveragePrecision.calculate(scores, targets.copy()).item()
    assert found['mAP'] == pytest.approx(expected, rel=1e-6)
    for prefix, options in (('', dict(thr=0.5)), ('top3-', dict(topk=3))):
        values = []
        for average in ('macro', 'micro'):
            truth = targets.copy()
            values += MultiLabelMetric.calculate(
                scores, truth, average=average, **options
            )[:3]
        assert six(found, prefix) == pytest.approx([v.item() for v in values], rel=1e-6)


@pytest.mark.parametrize('kind', ['random', 'tied', 'constant', 'rare'])
def test_sklearn(cases, kind):
    scores, targets = cases(kind)
    found = evaluate(scores, targets, PROTOCOLS['sklearn'])
    ap = average_precision_score(targets, scores, average='macro')
    assert found['mAP'] == pytest.approx(100 * ap, rel=1e-12)
    values = []
    for average in ('macro', 'micro'):
        values += precision_recall_fscore_support(
            targets, scores >= 0.5, average=average, zero_division=0
        )[:3]
    assert six(found) == pytest.approx([100 * value for value in values], rel=1e-12)


@pytest.mark.parametrize('name', PROTOCOLS)
def test_the_fields_say_what_is_computed(case, name):
    scores, targets = case
    protocol = PROTOCOLS[name]
    found = evaluate(scores, targets, protocol)
    ap = average_precision(scores, targets, protocol.ap)
    ap = ap[(targets >= 0).any(axis=0)]
    ap = np.nan_to_num(ap) if protocol.empty == 'zero' else ap[~np.isnan(ap)]
    assert found['mAP'] == pytest.approx(100 * ap.mean())
    # its programs predict above 0.5: from the next larger number on
    thr = np.nextafter(0.5, 1) if name == 'pedestrian' else protocol.thr
    options = dict(thr=thr, family=protocol.family)
    assert six(found) == list(precision_recall_f1(scores, targets, **options).values())
    if protocol.topk:
        options['thr'] = protocol.thr if protocol.topk_thr else None
        top = precision_recall_f1(scores, targets, topk=protocol.topk, **options)
        assert six(found, 'top3-') == list(top.values())
    assert all(type(value) is float for value in found.values())


@pytest.mark.parametrize(
    ('name', 'fields', 'recall'),
    [
        ('mlgcn', {}, 100),
        ('pedestrian', {}, 50),
        ('mlgcn', dict(must_exceed=True), 50),
        ('asl', dict(thr=0.5), 50),
        ('asl', dict(thr=0.5, must_exceed=False), 100),
    ],
)
def test_a_score_that_equals_the_threshold(name, fields, recall):
    protocol = protocol_of(name, **fields)
    scores, targets = np.array([[0.5], [0.75]]), np.array([[1], [1]])
    assert evaluate(scores, targets, protocol)['OR'] == recall


def test_further_numbers(cases):
    scores, targets = cases('unknown')
    found = evaluate(
        torch.tensor(scores),
        torch.tensor(targets),
        protocol_of('mlgcn', topk=None, more=['attributes', 'sets', 'ranking']),
    )
    decisions = decide(scores, targets)
    expected = {
        'mA': mean_accuracy(label_counts(scores, targets)),
        **instance_metrics(decisions),
        'hamming-loss': hamming_loss(decisions),
        'subset-accuracy': subset_accuracy(decisions),
        **ranking_metrics(scores, targets),
    }
    assert {key: x for key, x in found.items() if key not in ('mAP', *KEYS)} == expected
    assert 'mA' in evaluate(scores, targets, PROTOCOLS['pedestrian'])


def test_all_numbers_together_take_little_memory():
    rng = np.random.default_rng(0)
    scores = rng.random((20_000, 60), dtype=np.float32)
    targets = (rng.random(scores.shape) < 0.05).astype(np.int8)
    protocol = protocol_of('mlgcn', more=['attributes', 'sets', 'ranking'])
    tracemalloc.start()
    evaluate(scores, targets, protocol)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * scores.nbytes


def test_what_becomes_of_unknown_labels(cases):
    scores, targets = cases('unknown')
    found = evaluate(scores, targets, protocol_of('mlgcn', unknown='negative'))
    skipped = evaluate(scores, targets, PROTOCOLS['mlgcn'])
    assert found['mAP'] == skipped['mAP']
    as_negative = precision_recall_f1(scores, np.maximum(targets, 0))
    assert six(found) == list(as_negative.values())
    assert six(found) != six(skipped)


@pytest.mark.parametrize('name', PROTOCOLS)
def test_an_image_of_which_nothing_is_known_changes_nothing(cases, name):
    scores, targets = cases('unknown')
    protocol = protocol_of(name, unknown='skip', more=['attributes', 'sets', 'ranking'])
    unknown = np.full((3, 7), -1)
    found = evaluate(
        np.vstack([scores, scores[:3]]), np.vstack([targets, unknown]), protocol
    )
    expected = evaluate(scores, targets, protocol)
    assert found == pytest.approx(expected, rel=1e-12, nan_ok=True)
    nothing = evaluate(scores[:3], unknown, protocol)
    keys = ('subset-accuracy', 'ranking-loss', 'coverage', 'instance-F1')
    assert np.isnan([nothing[key] for key in keys]).all()


@pytest.mark.parametrize('name', PROTOCOLS)
def test_a_label_of_which_nothing_is_known_changes_nothing(cases, name):
    scores, targets = cases('random')
    scores = np.hstack([scores, np.zeros((60, 2))])  # never among the highest
    unknown = np.hstack([targets, np.full((60, 2), -1)])
    protocol = protocol_of(name, unknown='skip', more=['attributes', 'sets', 'ranking'])
    for empty in ('skip', 'zero', 'nan'):
        protocol = protocol_of(name, empty=empty, more=protocol.more)
        found = evaluate(scores, unknown, protocol, resamples=5)
        expected = evaluate(scores[:, :7], targets, protocol, resamples=5)
        assert found == pytest.approx(expected, rel=1e-12)
    nothing = evaluate(scores[:, 7:], unknown[:, 7:], protocol)
    assert np.isnan([nothing[key] for key in ('mAP', 'CP', 'CR', 'CF1', 'mA')]).all()


def test_own_thresholds_and_interval(cases):
    scores, targets = cases('random')
    thr = np.linspace(0.2, 0.8, 7)
    found = evaluate(scores, targets, PROTOCOLS['mlgcn'], thr, resamples=20, seed=3)
    assert six(found) == list(precision_recall_f1(scores, targets, thr).values())
    top = precision_recall_f1(scores, targets, thr, topk=3)
    assert six(found, 'top3-') == list(top.values())
    assert top != precision_recall_f1(scores, targets, 0.5, topk=3)
    free = evaluate(scores, targets, protocol_of('mlgcn', topk_thr=False), thr)
    top = precision_recall_f1(scores, targets, None, topk=3)
    assert six(free, 'top3-') == list(top.values())
    interval = map_interval(scores, targets, resamples=20, seed=3)
    ends = [found['mAP-low'] / 100, found['mAP-high'] / 100]
    assert ends == pytest.approx(list(interval))


def test_labels_without_positives(cases):
    data = cases('empty')
    values = [
        evaluate(*data, protocol_of('mlgcn', empty=empty))['mAP']
        for empty in ('skip', 'zero', 'nan')
    ]
    assert values[1] == pytest.approx(values[0] * 6 / 7)
    assert np.isnan(values[2])
