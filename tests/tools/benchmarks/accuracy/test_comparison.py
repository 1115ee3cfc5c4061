import json
import math
from dataclasses import replace

import pytest
from benchmarks.accuracy.comparison import Comparison
from benchmarks.accuracy.plan import DECAY, NOTHING, RATE, RESULT, TRY_SEED, Plan
from benchmarks.accuracy.rows import Row
from benchmarks.accuracy.training import RunError

RATES, DECAYS = [1e-4, 1e-3, 1e-2], [0.01, 0.1]
BEST = {'small': 1e-4, 'large': 1e-2}


class Fake:
    """Scores a run by its rate, and keeps what was done."""

    def __init__(self, fails=lambda job: False):
        self.jobs, self.fails = [], fails

    def __call__(self, job):
        self.jobs.append(job)
        if self.fails(job):
            raise RunError('no such picture (log.txt)')
        name = job.folder.parent.name
        score = 50 - abs(math.log10(job.overrides[RATE] / BEST[name]))
        score += job.overrides[DECAY] * (1 if name == 'small' else -1)
        seed = job.overrides['randomness.seed']
        result = dict(val=dict(mAP=score), test=None)
        if job.tested:
            result['test'] = dict(mAP=score + seed, CF1=1.0, OF1=2.0)
        job.folder.mkdir(parents=True)
        (job.folder / RESULT).write_text(json.dumps(result))
        return result


@pytest.fixture
def make(config, data, tmp_path, inline):
    def comparison(
        do,
        rates=RATES,
        decays=DECAYS,
        seeds=(0, 1),
        trains=True,
        change=lambda prepared: prepared,
    ):
        plan = Plan(tmp_path / 'out', data, 2)
        rows = [
            change(plan.prepare(Row(name, config))._replace(trains=trains))
            for name in BEST
        ]
        return Comparison(plan, rows, rates, decays, seeds, inline, do)

    return comparison


def test_every_row_is_tuned_on_val_with_as_many_tries_and_then_trained(make):
    do = Fake()
    found = make(do)
    found.tune()
    assert found.settings == {'small': (1e-4, 0.1), 'large': (1e-2, 0.01)}
    assert len(do.jobs) == 2 * 4
    assert all(job.overrides['randomness.seed'] == TRY_SEED for job in do.jobs)
    reports = []
    found.run_seeds(lambda: reports.append(len(do.jobs)))
    runs = [
        (job.folder.parent.name, job.overrides['randomness.seed'])
        for job in do.jobs[8:]
    ]
    # all rows of a seed first
    assert runs == [('small', 0), ('large', 0), ('small', 1), ('large', 1)]
    assert len(reports) == 4
    assert found.of_seeds('large')['1']['test']['mAP'] == pytest.approx(50.99)


def test_what_is_done_is_not_done_again(make, capsys):
    first = make(Fake())
    first.tune()
    first.run_seeds(lambda: None)
    again = Fake()
    second = make(again, seeds=(0, 1, 2))
    second.tune()
    second.run_seeds(lambda: None)
    assert [job.overrides['randomness.seed'] for job in again.jobs] == [2, 2]
    assert second.settings == first.settings
    assert list(second.of_seeds('small')) == ['0', '1', '2']
    # progress counts what was left to do
    assert 'accuracy: 2/2  100 %' in capsys.readouterr().out


def test_a_run_that_fails_is_said_and_the_others_go_on(make, capsys):
    def fails(job):
        return job.overrides[RATE] == 1e-4 or job.overrides['randomness.seed'] == 1

    found = make(Fake(fails))
    found.tune()
    # the best of those that did not
    assert found.settings['small'].lr == 1e-3
    found.run_seeds(lambda: None)
    assert list(found.of_seeds('small')) == ['0']
    assert len(found.failures) == 2 + 2
    assert 'large failed: no such picture (log.txt)' in capsys.readouterr().err
    assert found.scores('large')[1e-4, 0.01] is None


def test_a_row_whose_tries_all_fail_has_no_runs(make):
    do = Fake(lambda job: job.folder.parent.name == 'large')
    found = make(do)
    found.tune()
    found.run_seeds(lambda: None)
    assert list(found.settings) == ['small']
    assert found.of_seeds('large') == {}


def test_with_one_rate_and_one_decay_nothing_is_tried(make):
    do = Fake()
    found = make(do, rates=[5e-4], decays=[0.2], seeds=[0])
    found.tune()
    assert do.jobs == []
    assert found.settings == {'small': (5e-4, 0.2), 'large': (5e-4, 0.2)}


def test_rows_of_one_system_train_with_the_setting_of_its_full_model(make):
    def as_small(prepared):
        row = replace(prepared.row, tuned_as='small')
        return prepared._replace(row=row) if row.name == 'large' else prepared

    do = Fake()
    found = make(do, change=as_small)
    found.tune()
    assert {job.folder.parent.name for job in do.jobs} == {'small'}
    assert found.settings == dict.fromkeys(BEST, (1e-4, 0.1))
    found.run_seeds(lambda: None)
    assert list(found.of_seeds('large')) == ['0', '1']
    failing = make(Fake(lambda job: True), change=as_small, seeds=(2,))
    failing.rates = [5e-2]  # none of those that are done
    failing.tune()
    assert failing.settings == {}


def test_systems_without_training_are_not_tuned(make, capsys):
    do = Fake()
    found = make(do, trains=False)
    found.tune()
    assert (do.jobs, found.settings) == ([], dict.fromkeys(BEST, NOTHING))
