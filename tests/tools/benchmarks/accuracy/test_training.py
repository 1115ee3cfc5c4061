import json

import pytest
from benchmarks.accuracy import training
from benchmarks.accuracy.plan import Plan, Run, Setting
from benchmarks.accuracy.rows import Row
from mmengine.hooks import Hook
from mmengine.logging import MMLogger

from mvlr_mm.engine import load_weights
from mvlr_mm.visualization import read_scalars
from mvlr_stack.command import main

EPOCHS = 2


@pytest.fixture
def make(config, data, tmp_path):
    def job(seed=0, out='out', budget=EPOCHS):
        plan = Plan(tmp_path / out, data, budget)
        row = Row('net', config)
        return plan.job(plan.prepare(row), Run('net', Setting(0.01, 0.1), seed))

    return job


def test_a_run_scores_the_average_of_the_last_epoch_as_the_commands_do(
    make, config, data, tmp_path
):
    job = make()
    result = training.run(job)
    out, options = tmp_path / 'plain', [f'data_root={data}']
    options += ['randomness.seed=0', f'train_cfg.max_epochs={EPOCHS}']
    options += ['optim_wrapper.optimizer.lr=0.01']
    common = ['--work-dir', str(out), '--cfg-options', *options]
    training.forget_runs()
    main(['train', config, *common])
    training.forget_runs()
    last, numbers = str(out / f'epoch_{EPOCHS}.pth'), str(tmp_path / 'numbers.json')
    main(['test', config, last, '--out', numbers, '--out-item', 'metrics', *common])
    wanted = json.loads((tmp_path / 'numbers.json').read_text())
    assert result['test'] == pytest.approx(training.numbers(wanted))
    (scalars,) = out.glob('2*/vis_data/scalars.json')
    assert result['key'] == 'mlgcn/mAP'
    last_val = read_scalars(scalars, result['key'])[EPOCHS]
    assert result['val']['mAP'] == pytest.approx(last_val)
    assert result['pictures'] == [12, 8, 10]
    assert result['labels'] == 2
    weights = load_weights(last)['state_dict']
    buffers = ('running_mean', 'running_var', 'num_batches_tracked')
    trained = [x.numel() for n, x in weights.items() if not n.endswith(buffers)]
    assert result['trained'] == sum(trained)


def test_a_run_leaves_its_result_logs_and_curves_and_no_weights(make):
    job = make()
    result = training.run(job)
    assert training.read_result(job) == result
    assert not list(job.folder.glob('*.pth'))
    assert 'Epoch(train)' in (job.folder / 'log.txt').read_text()
    (scalars,) = training.scalars_of(job.folder)
    assert len(read_scalars(scalars, 'mlgcn/mAP')) == EPOCHS
    assert not MMLogger._instance_dict


def test_a_try_is_not_tested(make):
    result = training.run(make(seed=None))
    assert result['test'] is None
    assert result['val']['mAP'] > 0
    assert len(result['pictures']) == 2


@pytest.mark.parametrize('place', ['before_train_epoch', 'before_val_epoch'])
def test_a_run_that_was_killed_goes_on_to_the_same_result(make, monkeypatch, place):
    """In the middle of the training, or behind the last checkpoint before val."""
    straight = training.run(make(out='straight'))
    job, begun = make(), []

    class Kill(Hook):
        def __init__(self):
            self.begun = 0

        def stop(self, runner):
            begun.append(runner.epoch)
            if len(begun) == EPOCHS:
                raise KeyboardInterrupt

    setattr(Kill, place, Kill.stop)
    build = training.train.build

    def build_killed(args):
        runner = build(args)
        runner.register_hook(Kill())
        return runner

    monkeypatch.setattr(training.train, 'build', build_killed)
    with pytest.raises(KeyboardInterrupt):
        training.run(job)
    assert training.read_result(job) is None
    monkeypatch.setattr(training.train, 'build', build)
    resumed = training.run(job)
    for split in ('val', 'test'):
        assert resumed[split] == pytest.approx(straight[split])
    text = (job.folder / 'log.txt').read_text()
    assert 'resumed' in text.lower()
    # the time of one start is not that of a training
    assert straight['seconds'] > 0
    assert resumed['seconds'] is None


def test_a_run_that_fails_says_why_and_where_the_log_is(make, data):
    job = make()
    (data / 'images/train3.png').write_bytes(b'no picture')
    with pytest.raises(training.RunError, match=r'log\.txt') as caught:
        training.run(job)
    assert 'train3.png' in str(caught.value)
    assert 'Traceback' in (job.folder / 'log.txt').read_text()
    assert training.read_result(job) is None


@pytest.mark.parametrize(
    ('split', 'kind'), [('val', 'MultiLabelMetric'), ('test', 'AveragePrecision')]
)
def test_numbers_that_no_metric_gives_are_told_before_the_training(
    make, config, split, kind
):
    with open(config, 'a') as file:
        file.write(f"{split}_evaluator = [dict(type='{kind}')]\n")
    job = make()
    message = rf'{split}_evaluator \({kind}\) must have a MultiLabelProtocol'
    with pytest.raises(training.RunError, match=message):
        training.run(job)
    assert not training.scalars_of(job.folder)


def test_two_runs_of_one_second_write_into_their_own_files(make):
    jobs = [make(seed) for seed in (1, 2)]
    for job in jobs:
        training.run(job)
    for job in jobs:
        (log,) = job.folder.glob('*/*.log')
        assert log.read_text().count('mlgcn/mAP') > EPOCHS
