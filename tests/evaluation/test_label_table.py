import numpy as np
import pytest

from mvlr_mm.evaluation.average_precision import average_precision
from mvlr_mm.evaluation.counts import label_counts
from mvlr_mm.evaluation.f1 import label_precision_recall_f1
from mvlr_mm.evaluation.label_table import compare_ap, label_table
from mvlr_mm.evaluation.protocols import PROTOCOLS, protocol_of
from mvlr_mm.evaluation.thresholds import search_thresholds

NAMES = ['cat', 'traffic light', 'café', 'd', 'e', 'f', 'g']


def test_a_row_holds_what_the_functions_return(cases):
    scores, targets = cases('unknown')
    rows = label_table(scores, targets, NAMES, protocol_of('asl', thr=0.4))
    counts = label_counts(scores, targets, 0.4, must_exceed=True)
    shares = (100 * x for x in label_precision_recall_f1(counts))
    ap = 100 * average_precision(scores, targets)
    best = search_thresholds(scores, targets).threshold
    expected = zip(NAMES, counts.actual, ap, *shares, best, strict=True)
    for row, values in zip(rows, expected, strict=True):
        if row.name == 'f':  # nothing is known of it
            values = ('f', 0, *5 * [np.nan])
        np.testing.assert_equal(tuple(row), values)


def test_own_thresholds_and_unknown_as_negative(cases):
    scores, targets = cases('unknown')
    thr = np.linspace(0, 1, 7)
    protocol = protocol_of('mlgcn', unknown='negative')
    rows = label_table(scores, targets, NAMES, protocol, thr)
    counts = label_counts(scores, np.maximum(targets, 0), thr)
    precision = 100 * label_precision_recall_f1(counts)[0]
    assert [row.precision for row in rows] == precision.tolist()


def test_ap_and_the_best_threshold_follow_the_protocol(cases):
    scores, targets = cases('unknown')
    expected = {}
    for mode in ('noninterpolated', 'voc07', 'voc10'):
        rows = label_table(scores, targets, NAMES, protocol_of('mlgcn', ap=mode))
        expected[mode] = 100 * average_precision(scores, targets, mode)
        np.testing.assert_array_equal([row.ap for row in rows], expected[mode])
    assert len({tuple(values) for values in expected.values()}) == 3
    # the F1 at the threshold is the highest, as the protocol counts it
    for unknown in ('skip', 'negative'):
        protocol = protocol_of('mlgcn', unknown=unknown)
        rows = label_table(scores, targets, NAMES, protocol)
        best = np.nan_to_num([row.best_threshold for row in rows])
        reached = label_table(scores, targets, NAMES, protocol, best)
        for thr in np.linspace(0, 1, 21):
            others = label_table(scores, targets, NAMES, protocol, np.full(7, thr))
            assert all(
                not row.f1 < other.f1
                for row, other in zip(reached, others, strict=True)
            )


def test_names_and_labels_have_to_match(cases):
    with pytest.raises(ValueError, match='names has 6 entries for 7 labels'):
        label_table(*cases('random'), NAMES[1:], PROTOCOLS['mlgcn'])


def test_a_comparison_holds_the_ap_of_every_model_and_their_means(cases):
    scores, targets = cases('empty')
    protocol = PROTOCOLS['mlgcn']
    tables = {
        model: label_table(values, targets, NAMES, protocol)
        for model, values in {'A': scores, 'B': -scores}.items()
    }
    rows = compare_ap(tables)
    assert [row.name for row in rows] == [*NAMES, 'mean']
    assert rows[0].ap == (tables['A'][0].ap, tables['B'][0].ap)
    assert np.isnan(rows[2].ap).all()
    means = [100 * np.nanmean(average_precision(x, targets)) for x in (scores, -scores)]
    assert rows[-1].ap == pytest.approx(means)
    assert rows[-1].support == targets.sum()


def test_models_are_compared_on_the_same_labels_alone(cases):
    table = label_table(*cases('random'), NAMES, PROTOCOLS['mlgcn'])
    renamed = [table[0]._replace(name='dog'), *table[1:]]
    for other in (table[1:], renamed, [table[0]._replace(support=1), *table[1:]]):
        with pytest.raises(ValueError, match="the table of 'B' has other labels, or"):
            compare_ap({'A': table, 'B': other})
