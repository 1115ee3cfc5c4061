import importlib.util
import json
import threading
import time
from pathlib import Path

import pytest

PATH = Path(__file__).parents[3] / 'tools/benchmarks/table4.py'


@pytest.fixture
def table4():
    spec = importlib.util.spec_from_file_location('table4', PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_mean_and_spread_of_the_seeds(table4):
    runs = {
        'names': [dict(mAP=59.5, CF1=1.0, OF1=1.0), dict(mAP=63.0, CF1=1.0, OF1=1.0)],
        'PDLR': [
            dict(mAP=60.0, CF1=50.0, OF1=1.0),
            dict(mAP=62.0, CF1=50.0, OF1=2.0),
            dict(mAP=64.0, CF1=50.0, OF1=3.0),
        ],
    }
    row = table4.markdown(runs).splitlines()[3]
    cells = ['PDLR', '3', '62.00 ± 2.00', '50.00 ± 0.00', '2.00 ± 1.00', '+0.50, -1.00']
    assert row == f'| {" | ".join(cells)} |'


def test_finished_runs_are_read_not_repeated(table4, tmp_path, monkeypatch, capsys):
    def refuse(*args, **kwargs):
        pytest.fail(f'started {args}')

    monkeypatch.setattr(table4.subprocess, 'run', refuse)
    for seed, value in ((0, 40.0), (1, 50.0)):
        folder = tmp_path / 'PDLR+IFM' / str(seed)
        folder.mkdir(parents=True)
        metrics = {f'mlgcn/{name}': value for name in ('mAP', 'CF1', 'OF1')}
        (folder / 'test.json').write_text(json.dumps(metrics))
    table4.main([str(tmp_path), '--seeds', '0', '1', '--rows', 'PDLR + IFM'])
    assert '| PDLR + IFM | 2 | 45.00 ± 7.07 |' in capsys.readouterr().out
    assert '45.00 ± 7.07' in (tmp_path / 'table4.md').read_text()


def test_jobs_run_side_by_side_and_keep_their_order(table4, tmp_path, monkeypatch):
    both = threading.Barrier(2, timeout=10)  # opens when two runs are under way

    def run(config, folder, seed, amp, options):
        both.wait()
        return dict(mAP=10.0 * seed, CF1=0.0, OF1=float(len(options)))

    monkeypatch.setattr(table4, 'run', run)
    monkeypatch.setenv('OMP_NUM_THREADS', '1')
    rows = ['names', 'PDLR + IFM + QMVL']
    table4.main([str(tmp_path), '--seeds', '0', '1', '--rows', *rows, '--jobs', '2'])
    results = json.loads((tmp_path / 'table4.json').read_text())
    assert {row: [r['mAP'] for r in found] for row, found in results.items()} == {
        row: [0.0, 10.0] for row in rows
    }
    assert results['PDLR + IFM + QMVL'][0]['OF1'] == 0.0


def test_after_an_error_nothing_is_started(table4, tmp_path, monkeypatch):
    started = []

    def run(config, folder, seed, amp, options):
        started.append(seed)
        if seed > 0:  # time for the first error to arrive
            time.sleep(0.2)
        raise RuntimeError('no such picture')

    monkeypatch.setattr(table4, 'run', run)
    with pytest.raises(RuntimeError, match='no such picture'):
        table4.main([str(tmp_path), '--seeds', *map(str, range(20)), '--rows', 'PDLR'])
    assert len(started) < 20


def test_number_of_jobs_is_checked(table4, tmp_path, capsys):
    with pytest.raises(SystemExit):
        table4.main([str(tmp_path), '--jobs', '0'])
    assert '--jobs (0) must be at least 1' in capsys.readouterr().err


def test_full_model_is_the_config_itself(table4):
    assert table4.ROWS['PDLR + IFM + QMVL'] == []
    assert len(table4.ROWS) == 6
