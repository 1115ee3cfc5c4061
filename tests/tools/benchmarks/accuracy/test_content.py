from types import SimpleNamespace

import pytest
from benchmarks.accuracy.content import data_content, rows_content
from benchmarks.accuracy.costs import Cost
from benchmarks.accuracy.plan import Setting
from benchmarks.accuracy.rows import Row

SETTING = Setting(1e-3, 0.01)


def result(value):
    test = dict(mAP=value, CF1=50.0, OF1=60.0)
    return dict(
        test=test, trained=7, seconds=3.0, key='a/mAP', pictures=[5, 6, 7], labels=2
    )


@pytest.fixture
def comparison(tmp_path):
    runs = {
        'first': {'0': result(60.0), '1': result(62.0)},
        'second': {'0': result(61.0), '1': result(64.0)},
        'third': {},
    }
    return SimpleNamespace(
        plan=SimpleNamespace(data=tmp_path / 'my set'),
        rows={name: (Row(name, f'{name}.py', {'a': None}),) for name in runs},
        settings={'first': SETTING, 'second': SETTING},
        results={(name, s): r for name, rs in runs.items() for s, r in rs.items()},
        of_seeds=runs.get,
        scores=lambda name: {SETTING: 55.0, Setting(1e-2, 0.01): None},
    )


def test_a_row_says_what_its_runs_say(comparison):
    costs = {'first': Cost(10, 20, 3.0, 3.0)}
    differs = {'first': [], 'second': ['model.backbone'], 'third': []}
    first, second, third = rows_content(comparison, 'first', costs, differs)
    assert second['spread']['mAP'] == pytest.approx(dict(mean=62.5, deviation=4.5**0.5))
    assert second['above']['by_seed'] == {'0': 1.0, '1': 2.0}
    assert first['above']['mean'] == 0
    assert first['cost'] == dict(
        parameters=10, multiply_adds=20, ms=3.0, reference_ms=3.0
    )
    assert second['cost'] is None
    assert second['differs'] == ['model.backbone']
    assert second['setting'] == dict(lr=1e-3, weight_decay=0.01)
    assert second['tries'][1] == {'lr': 1e-2, 'weight_decay': 0.01, 'val mAP': None}
    assert second['overrides'] == {'a': None}
    assert (second['trained'], second['seconds']) == (7, [3.0, 3.0])
    # a row that no run has filled stays empty
    assert third['seeds'] == third['spread'] == {}
    assert third['setting'] is third['above'] is third['trained'] is None


def test_the_pictures_are_counted_once_a_run_knows(comparison):
    assert data_content(comparison) == dict(
        name='my set', train=5, val=6, test=7, labels=2
    )
    comparison.results = {}
    assert data_content(comparison) == dict(name='my set')
