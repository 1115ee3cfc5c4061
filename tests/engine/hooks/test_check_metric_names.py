from types import SimpleNamespace

import pytest
import torch
from mmengine.evaluator import Evaluator
from mmengine.hooks import CheckpointHook, EarlyStoppingHook
from mmengine.optim import ReduceOnPlateauLR
from mmpretrain.registry import HOOKS

from mvlr_mm.engine import CheckMetricNames

HOOK = HOOKS.build(dict(type='CheckMetricNames'))
assert type(HOOK) is CheckMetricNames


def runner(hook=None, metrics=None, schedulers=None):
    protocol = dict(type='MultiLabelProtocol', protocol='asl', resamples=2)
    evaluator = Evaluator(metrics or [protocol])
    evaluator.dataset_meta = dict(classes=('a', 'b'))
    return SimpleNamespace(
        val_loop=SimpleNamespace(evaluator=evaluator),
        hooks=[] if hook is None else [hook],
        param_schedulers=schedulers,
    )


def best(names, **options):
    return CheckpointHook(save_best=names, rule='greater', **options)


@pytest.mark.parametrize(
    'name', ['auto', 'asl/mAP', 'asl/CF1', ['asl/mAP', 'asl/OP'], 'asl/mAP-low', None]
)
def test_what_the_protocol_gives_passes(name):
    HOOK.before_train(runner(best(name)))


@pytest.mark.parametrize(
    'name', ['mlgcn/mAP', 'asl/top3-CF1', 'mAP', ['asl/mAP', 'asl/mA'], 'asl/AP/a']
)
def test_what_it_does_not_give_is_refused_with_what_it_does(name):
    message = r"save_best .* val_evaluator does not give; it gives asl/mAP, .*'auto'"
    with pytest.raises(ValueError, match=message):
        HOOK.before_train(runner(best(name)))


def test_numbers_of_the_labels_and_more_are_known():
    protocol = dict(
        type='MultiLabelProtocol', protocol='pedestrian', classwise=True, topk=3
    )
    for name in ('AP/a', 'F1/b', 'mA', 'top3-CF1'):
        HOOK.before_train(runner(best(f'pedestrian/{name}'), [protocol]))
    with pytest.raises(ValueError, match='AP/c'):
        HOOK.before_train(runner(best('pedestrian/AP/c'), [protocol]))


def test_of_other_metrics_the_prefix_counts():
    stock = [dict(type='AveragePrecision')]
    HOOK.before_train(runner(best('multi-label/mAP'), stock))
    with pytest.raises(ValueError, match=r'AveragePrecision as multi-label/\.\.\.'):
        HOOK.before_train(runner(best('mlgcn/mAP'), stock))


def test_metrics_that_write_a_file_give_no_number(tmp_path):
    files = [
        dict(type='DumpResults', out_file_path=str(tmp_path / 'a.pkl')),
        dict(type='SaveResults', path=str(tmp_path / 'a.npz')),
        dict(type='MultiLabelProtocol', protocol='asl'),
    ]
    HOOK.before_train(runner(best('asl/mAP'), files))
    with pytest.raises(ValueError, match=r'it gives asl/mAP, asl/'):
        HOOK.before_train(runner(best('mlgcn/mAP'), files))


def test_an_early_stop_and_a_schedule_are_asked_too():
    HOOK.before_train(runner(EarlyStoppingHook('asl/mAP')))
    with pytest.raises(ValueError, match="EarlyStoppingHook names 'mlgcn/mAP'"):
        HOOK.before_train(runner(EarlyStoppingHook('mlgcn/mAP')))
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    plateau = ReduceOnPlateauLR(optimizer, monitor='mlgcn/mAP', rule='greater')
    with pytest.raises(ValueError, match="ReduceOnPlateauLR names 'mlgcn/mAP'"):
        HOOK.before_train(runner(schedulers=[plateau]))
    with pytest.raises(ValueError, match="ReduceOnPlateauLR names 'mlgcn/mAP'"):
        HOOK.before_train(runner(schedulers=dict(model=[plateau])))


def test_without_validation_there_is_nothing_to_ask():
    fake = runner(best('mlgcn/mAP'))
    fake.val_loop = None
    HOOK.before_train(fake)
