import io
import json
import logging
import socket

import numpy as np
import pytest
import torch
from mmengine.dataset import DefaultSampler
from mmengine.evaluator import Evaluator
from mmengine.logging import MMLogger
from mmpretrain.registry import METRICS
from mmpretrain.structures import DataSample
from torch import multiprocessing

from mvlr_mm.evaluation import (
    MultiLabelProtocol,
    average_precision,
    precision_recall_f1,
)

CLASSES = ('cat', 'traffic light', 'dog', 'never')


def samples(n=7):
    generator = torch.Generator().manual_seed(0)
    scores = torch.rand(n, 4, generator=generator)
    targets = (torch.rand(n, 4, generator=generator) > 0.5).long()
    targets[:, 3], targets[0] = 0, 0
    return scores, targets


def pack(scores, targets, onehot=False):
    for score, target in zip(scores, targets, strict=True):
        sample = DataSample().set_pred_score(score)
        if onehot:
            yield sample.set_gt_score(target.float())
        else:
            yield sample.set_gt_label(target.nonzero()[:, 0].tolist())


def evaluate(scores, targets, onehot=False, **options):
    metric = METRICS.build(dict(type='MultiLabelProtocol', **options))
    metric.dataset_meta = dict(classes=CLASSES)
    evaluator = Evaluator(metric)
    evaluator.process(list(pack(scores, targets, onehot)))
    return evaluator.evaluate(len(scores))


@pytest.mark.parametrize('onehot', [False, True])
def test_result_names_and_values(onehot):
    scores, targets = samples()
    found = evaluate(scores, targets, onehot, thr=0.4, topk=2)
    expected = precision_recall_f1(scores, targets, 0.4)
    expected |= {
        f'top2-{key}': value
        for key, value in precision_recall_f1(scores, targets, 0.4, 2).items()
    }
    expected['mAP'] = 100 * np.nanmean(average_precision(scores, targets))
    assert found == pytest.approx({f'mlgcn/{k}': v for k, v in expected.items()})
    assert all(type(value) is float for value in found.values())


def test_the_table_names_labels_and_what_was_left_out():
    scores, targets = samples()
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    MMLogger.get_current_instance().addHandler(handler)
    evaluate(scores, targets)
    MMLogger.get_current_instance().removeHandler(handler)
    lines = text.getvalue().splitlines()
    ap = 100 * average_precision(scores, targets)[1]
    row = next(line for line in lines if line.startswith('traffic light'))
    assert row.split()[2:4] == [str(targets[:, 1].sum().item()), f'{ap:.2f}']
    assert lines[-1].startswith('7 images; 1 of 4 labels have no positive image')


def test_no_positive_at_all_gives_nan():
    scores, targets = samples()
    assert np.isnan(evaluate(scores, 0 * targets)['mlgcn/mAP'])


def test_two_sets_of_numbers_can_stand_side_by_side():
    metrics = [MultiLabelProtocol(), MultiLabelProtocol(thr=0.8, prefix='strict')]
    evaluator = Evaluator(metrics)
    evaluator.process(list(pack(*samples())))
    assert {'mlgcn/CF1', 'strict/CF1'} <= set(evaluator.evaluate(7))


def test_an_unknown_protocol_is_refused():
    with pytest.raises(ValueError, match=r"protocol \('coco'\) must be one of"):
        MultiLabelProtocol(protocol='coco')


def work(rank, folder, port, n):
    rendezvous = f'tcp://127.0.0.1:{port}'
    torch.distributed.init_process_group('gloo', rendezvous, rank=rank, world_size=2)
    scores, targets = samples(n)
    metric = MultiLabelProtocol(collect_dir=str(folder / 'parts'))
    for i in DefaultSampler(range(n), shuffle=False):
        batch = pack(scores[i : i + 1], targets[i : i + 1])
        metric.process(None, [sample.to_dict() for sample in batch])
    (folder / f'{rank}.json').write_text(json.dumps(metric.evaluate(n)))
    torch.distributed.destroy_process_group()


def test_two_processes_and_a_number_of_samples_they_do_not_divide(tmp_path):
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    args = (tmp_path, port, 7)
    multiprocessing.start_processes(work, args, nprocs=2, start_method='fork')
    expected = evaluate(*samples(7))
    for rank in (0, 1):
        assert json.loads((tmp_path / f'{rank}.json').read_text()) == expected
