import pytest
from benchmarks.accuracy import costs
from benchmarks.accuracy.plan import Plan
from benchmarks.accuracy.rows import Row


@pytest.fixture
def make(config, data, tmp_path):
    plan = Plan(tmp_path, data, 1)

    def read(labels):
        return plan.prepare(Row('x', config, {'model.head.num_classes': labels})).cfg

    return read


def test_a_model_is_counted_and_timed_beside_the_reference(make, monkeypatch):
    monkeypatch.setattr(costs, 'SECONDS', 0.01)
    small, large = make(2), make(5002)
    measured = costs.Costs(small)
    before, after = measured.measure(small), measured.measure(large)
    # a row of weights and a bias for each label
    assert after.parameters - before.parameters == 5000 * 1025
    assert after.multiply_adds - before.multiply_adds == 5000 * 1024
    assert min(before.ms, after.ms, after.reference_ms) > 0


def test_a_cost_is_that_of_this_machine_and_as_many_threads(
    make, tmp_path, monkeypatch
):
    cfg, here = make(2), costs.machine()
    for threads in (1, 2, 1):
        monkeypatch.setattr(costs, 'machine', lambda n=threads: here | {'threads': n})
        measured = costs.Costs(cfg)
        found = costs.Cost(1, 2, float(threads), 4.0)
        monkeypatch.setattr(measured, 'measure', lambda cfg, found=found: found)
        assert measured.kept(tmp_path, cfg).ms == threads
    assert len(list(tmp_path.glob('cost_*.json'))) == 2


def test_a_cost_is_measured_once(make, tmp_path, monkeypatch):
    small, large = make(2), make(3)
    measured = costs.Costs(small)
    monkeypatch.setattr(measured, 'measure', lambda cfg: costs.Cost(1, 2, 3.0, 4.0))
    measured.kept(tmp_path, large)
    monkeypatch.delattr(measured, 'measure')
    assert measured.kept(tmp_path, large) == (1, 2, 3.0, 4.0)
    monkeypatch.setattr(measured, 'measure', lambda cfg: costs.Cost(5, 6, 7.0, 8.0))
    assert measured.kept(tmp_path, small) == (5, 6, 7.0, 8.0)
    assert len(list(tmp_path.glob('cost_*.json'))) == 2
