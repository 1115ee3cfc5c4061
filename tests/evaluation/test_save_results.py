import numpy as np
import pytest
import torch
from mmengine.evaluator import Evaluator
from mmpretrain.registry import METRICS
from mmpretrain.structures import DataSample

from mvlr_mm.evaluation.results import read_results
from mvlr_mm.labels.thresholds import write_thresholds

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


def test_thresholds_of_a_file_are_kept_in_the_order_of_the_labels(tmp_path):
    file, path = tmp_path / 'thresholds.json', tmp_path / 'results.npz'
    values = (('café', 0.7), ('cat', 0.2))
    records = [dict(name=name, threshold=value) for name, value in values]
    write_thresholds(file, records, {})
    metric = METRICS.build(
        dict(type='SaveResults', path=str(path), thresholds=str(file))
    )
    metric.dataset_meta = dict(classes=CLASSES)
    metric.process(None, [dict(pred_score=torch.tensor([0.1, 0.9]), gt_label=[1])])
    metric.evaluate(1)
    found = read_results(path)
    assert found.thresholds.tolist() == [0.2, 0.7]
    assert found.thresholds_file == str(file)
    with pytest.raises(FileNotFoundError, match=r'thresholds \(gone\): no such file'):
        METRICS.build(dict(type='SaveResults', path='a.npz', thresholds='gone'))


def test_a_part_of_the_images_is_not_written(tmp_path):
    path = tmp_path / 'results.npz'
    metric = METRICS.build(dict(type='SaveResults', path=str(path)))
    metric.process(None, [dict(pred_score=torch.tensor([0.1, 0.9]), gt_label=[1])])
    with pytest.raises(ValueError, match='only 1 of the 2 images of the data set'):
        metric.evaluate(2)
    assert not path.exists()
