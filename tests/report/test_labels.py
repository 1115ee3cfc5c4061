import re

import numpy as np

from mvlr_mm.report import judge_results, labels


def test_the_weakest_label_comes_first_and_one_without_pictures_last(tested):
    aps = [tested.rows[i].ap for i in labels.by_ap(tested)]
    assert aps[:3] == sorted(aps[:3])
    assert np.isnan(aps[3])
    html = labels.label_bars(tested)
    assert html.index('a &amp; b') < html.index('dog') < html.index('never there')


def test_the_dot_is_at_precision_and_recall_of_the_threshold(tested):
    figures = labels.curves(tested).split('<figure')[1:]
    assert len(figures) == 3  # a label without pictures has no curve
    for i, figure in zip(labels.by_ap(tested), figures, strict=False):
        x, y = map(float, re.search('cx="(.*?)" cy="(.*?)"', figure).groups())
        predicted, there = tested.scores[:, i] >= 0.5, tested.targets[:, i] == 1
        predicted &= tested.targets[:, i] >= 0
        hits = (predicted & there).sum()
        np.testing.assert_allclose(x, 100 * hits / there.sum(), atol=0.06)
        np.testing.assert_allclose(100 - y, 100 * hits / predicted.sum(), atol=0.06)


def test_a_label_that_is_never_predicted_has_no_dot(results):
    thresholds = np.array([2.0, 0.5, 0.5, 0.5])
    html = labels.curves(judge_results(results, thresholds))
    assert html.count('<circle') == 2


def test_left_out_curves_are_counted(tested, monkeypatch):
    monkeypatch.setattr(labels, 'MOST', 2)
    html = labels.curves(tested)
    assert html.count('<figure') == 2
    assert '1 more are left out' in html
