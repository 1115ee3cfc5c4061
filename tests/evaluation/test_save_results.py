import numpy as np
import pytest
import torch
from mmengine.evaluator import Evaluator
from mmpretrain.registry import METRICS
from mmpretrain.structures import DataSample

from mvlr_mm.evaluation.results import read_results

CLASSES = ['cat', 'café']
PATHS = ['a b.jpg', 'ü.jpg', '']


def test_the_metric_writes_what_the_model_says(tmp_path):
    path = str(tmp_path / 'results.npz')
    metric = METRICS.build(dict(type='SaveResults', path=path))
    metric.dataset_meta = dict(classes=CLASSES)
    scores = torch.tensor([[0.1, 0.9], [0.3, 0.25], [1, 0]]).bfloat16()
    targets = torch.tensor([[0, 1], [-1, 1], [1, 0]])
    evaluator = Evaluator(metric)
    for score, target, name in zip(scores, targets, PATHS, strict=True):
        sample = DataSample(metainfo=dict(img_path=name))
        evaluator.process([sample.set_pred_score(score).set_gt_score(target)])
    assert evaluator.evaluate(3) == {}
    found = read_results(path)
    np.testing.assert_array_equal(found.scores, scores.float().numpy())
    np.testing.assert_array_equal(found.targets, targets.numpy())
    assert (found.classes, found.paths, found.protocol) == (CLASSES, PATHS, None)
    with pytest.raises(ValueError, match=r'results x\.pkl: must be a \.npz file'):
        METRICS.build(dict(type='SaveResults', path='x.pkl'))
