import csv
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
from mvlr_mm.evaluation.protocol_numbers import evaluate
from mvlr_mm.evaluation.protocols import PROTOCOLS
from mvlr_mm.labels.thresholds import write_thresholds

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


def run(scores, targets, onehot=False, size=None, **options):
    metric = METRICS.build(dict(type='MultiLabelProtocol', **options))
    metric.dataset_meta = dict(classes=CLASSES)
    evaluator = Evaluator(metric)
    evaluator.process(list(pack(scores, targets, onehot)))
    return evaluator.evaluate(size or len(scores))


@pytest.fixture
def log():
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    MMLogger.get_current_instance().addHandler(handler)
    yield text
    MMLogger.get_current_instance().removeHandler(handler)


@pytest.mark.parametrize('onehot', [False, True])
def test_result_names_and_values(onehot):
    scores, targets = samples()
    found = run(scores, targets, onehot, thr=0.4, topk=2)
    expected = precision_recall_f1(scores, targets, 0.4)
    expected |= {
        f'top2-{key}': value
        for key, value in precision_recall_f1(scores, targets, 0.4, 2).items()
    }
    expected['mAP'] = 100 * np.nanmean(average_precision(scores, targets))
    assert found == pytest.approx({f'mlgcn/{k}': v for k, v in expected.items()})
    assert all(type(value) is float for value in found.values())


@pytest.mark.parametrize('name', PROTOCOLS)
def test_every_protocol_by_name(name):
    scores, targets = samples()
    expected = evaluate(scores, targets, PROTOCOLS[name])
    found = run(scores, targets, protocol=name)
    assert found == {f'{name}/{key}': value for key, value in expected.items()}


def test_unknown_labels_reach_the_protocol():
    scores, targets = samples()
    targets[2:4, :2] = -1
    found = run(scores, targets, onehot=True)
    expected = evaluate(scores, targets, PROTOCOLS['mlgcn'])
    assert found == {f'mlgcn/{key}': value for key, value in expected.items()}
    assert found != run(scores, targets, onehot=True, unknown='negative')


def test_the_table_names_labels_what_was_left_out_and_the_protocol(log):
    scores, targets = samples()
    run(scores, targets, thr=0.25)
    lines = log.getvalue().splitlines()
    ap = 100 * average_precision(scores, targets)[1]
    row = next(line for line in lines if line.startswith('traffic light'))
    assert row.split()[2:4] == [str(targets[:, 1].sum().item()), f'{ap:.2f}']
    assert lines[-2].startswith('7 images; 1 of 4 labels have no positive image')
    assert lines[-1].startswith('Protocol mlgcn: ap noninterpolated')
    assert 'thr* 0.25' in lines[-1]


@pytest.mark.parametrize('name', ['labels.csv', 'labels.json'])
def test_a_table_replaces_no_file_of_another_kind(tmp_path, name):
    """Annotations are often called so."""
    path = tmp_path / name
    content = 'image,labels\na.jpg,cat\n' if path.suffix == '.csv' else '[]'
    path.write_text(content)
    with pytest.raises(FileExistsError, match=f'{name} would replace a file that is'):
        MultiLabelProtocol(tables=[str(path)])
    assert path.read_text() == content
    path.unlink()
    for _ in range(2):  # its own it does
        run(*samples(), tables=[str(path)])


def test_tables_are_written(tmp_path):
    tables = [str(tmp_path / 'new' / 'labels.csv'), str(tmp_path / 'labels.json')]
    found = run(*samples(), tables=tables)
    with open(tables[0], newline='') as file:
        rows = list(csv.DictReader(file))
    assert [row['name'] for row in rows] == list(CLASSES)
    content = json.loads((tmp_path / 'labels.json').read_text())
    numbers = {f'mlgcn/{k}': v for k, v in content['numbers'].items()}
    assert numbers == found


def test_classwise_numbers_are_scalars():
    scores, targets = samples()
    found = run(scores, targets, classwise=True)
    ap = 100 * average_precision(scores, targets)
    expected = dict(zip(CLASSES[:3], ap[:3], strict=True))
    assert expected == {k[9:]: v for k, v in found.items() if k.startswith('mlgcn/AP/')}
    assert {f'mlgcn/F1/{name}' for name in CLASSES} <= set(found)
    assert all(type(value) is float for value in found.values())


def test_an_interval_on_request():
    found = run(*samples(), resamples=20)
    assert found['mlgcn/mAP-low'] < found['mlgcn/mAP'] < found['mlgcn/mAP-high']


def test_thresholds_of_a_file_replace_thr(tmp_path, log):
    scores, targets = samples()
    thr = np.array([0.1, 0.4, 0.2, 0.9])
    records = [
        {'name': name, 'threshold': float(t)}
        for name, t in zip(CLASSES[::-1], thr[::-1], strict=True)
    ]
    path = tmp_path / 'thresholds.json'
    write_thresholds(path, records, {})
    table = tmp_path / 'table.json'
    found = run(scores, targets, thresholds=str(path), tables=[str(table)])
    assert log.getvalue().splitlines()[-1] == f'Thresholds of {path} in place of thr.'
    assert json.loads(table.read_text())['thresholds'] == str(path)
    expected = precision_recall_f1(scores, targets, thr)
    assert {key: found[f'mlgcn/{key}'] for key in expected} == expected
    with pytest.raises(FileNotFoundError, match=r'thresholds \(gone\): no such file'):
        MultiLabelProtocol(thresholds='gone')
    with pytest.raises(ValueError, match=r'table.json is not a threshold file'):
        MultiLabelProtocol(thresholds=str(table))


def test_no_positive_at_all_gives_nan():
    scores, targets = samples()
    assert np.isnan(run(scores, 0 * targets)['mlgcn/mAP'])


def test_two_sets_of_numbers_can_stand_side_by_side():
    metrics = [MultiLabelProtocol(), MultiLabelProtocol(thr=0.8, prefix='strict')]
    evaluator = Evaluator(metrics)
    evaluator.process(list(pack(*samples())))
    assert {'mlgcn/CF1', 'strict/CF1'} <= set(evaluator.evaluate(7))


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match=r"protocol \('coco'\) must be one of"):
        MultiLabelProtocol(protocol='coco')
    with pytest.raises(ValueError, match="'treshold' is no field of a protocol"):
        MultiLabelProtocol(treshold=0.3)
    with pytest.raises(ValueError, match=r'resamples \(-1\) must be 0, for no'):
        MultiLabelProtocol(resamples=-1)
    with pytest.raises(ValueError, match=r'the table x\.txt must be a \.csv or'):
        MultiLabelProtocol(tables=['x.txt'])


def test_missing_images_are_an_error():
    with pytest.raises(ValueError, match='only 7 of the 8 images of the data set'):
        run(*samples(), size=8)


def work(rank, world, folder, port, n):
    rendezvous = f'tcp://127.0.0.1:{port}'
    torch.distributed.init_process_group('gloo', rendezvous, None, world, rank)
    scores, targets = samples(n)
    metric = MultiLabelProtocol(collect_dir=str(folder / 'parts'), resamples=20)
    for i in DefaultSampler(range(n), shuffle=False):
        batch = pack(scores[i : i + 1], targets[i : i + 1])
        metric.process(None, [sample.to_dict() for sample in batch])
    (folder / f'{rank}.json').write_text(json.dumps(metric.evaluate(n)))
    torch.distributed.destroy_process_group()


@pytest.mark.parametrize('world', [2, 3])
def test_processes_and_a_number_of_samples_they_do_not_divide(tmp_path, world):
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    args = (world, tmp_path, port, 7)
    multiprocessing.start_processes(work, args, nprocs=world, start_method='fork')
    expected = run(*samples(7), resamples=20)
    for rank in range(world):
        found = json.loads((tmp_path / f'{rank}.json').read_text())
        assert found == pytest.approx(expected, rel=1e-12)


def test_scores_that_are_rounded_to_one_are_told(log):
    scores, targets = samples(50)
    run(scores, targets)
    assert 'Equal scores' not in log.getvalue()
    scores[:, 1] = 1.0
    run(scores, targets)
    assert '25 % of the scores are 1, to which' in log.getvalue()
