import numpy as np
from sklearn.metrics import precision_recall_curve

from mvlr_mm.evaluation.precision_recall import precision_recall_curves


def test_points_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    scores = rng.integers(0, 20, (60, 3)) / 20  # with equal ones
    targets = (rng.random((60, 3)) < 0.3).astype(np.int8)
    targets[::7] = -1
    for i, curve in enumerate(precision_recall_curves(scores, targets)):
        known = targets[:, i] >= 0
        precision, recall, thresholds = precision_recall_curve(
            targets[known, i], scores[known, i]
        )
        theirs = dict(
            zip(thresholds, zip(precision[:-1], recall[:-1], strict=True), strict=True)
        )
        assert len(curve.threshold) == (targets[:, i] == 1).sum()
        for threshold, *point in zip(*curve, strict=True):
            np.testing.assert_allclose(point, theirs[threshold])


def test_a_label_without_positives_has_no_point():
    (curve,) = precision_recall_curves(np.ones((2, 1)), np.zeros((2, 1), np.int8))
    assert [len(values) for values in curve] == [0, 0, 0]
