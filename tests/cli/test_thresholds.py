import json

import numpy as np
import pytest

from mvlr_mm.evaluation import precision_recall_f1, write_results
from mvlr_mm.evaluation.calibration import fit_temperatures
from mvlr_mm.evaluation.protocols import PROTOCOLS
from mvlr_mm.evaluation.results import Results
from mvlr_mm.evaluation.thresholds import (
    global_threshold,
    search_thresholds,
)
from mvlr_mm.labels.thresholds import read_thresholds
from mvlr_stack.command import main

CLASSES = ['cat', 'traffic light', 'dog', 'never']


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    targets = rng.integers(0, 2, (60, 4))
    scores = (0.4 * targets + 0.6 * rng.random((60, 4))) ** 3
    targets[:, 3] = 0
    return scores, targets


@pytest.fixture
def searched(data, tmp_path):
    """Return the function that runs the command and gives the path it writes."""
    path, out = tmp_path / 'results.npz', tmp_path / 'thresholds.json'
    write_results(path, Results(*data, CLASSES, [''] * 60))

    def run(*words):
        argv = ['thresholds', path, '--overwrite', '--out', out, *words]
        assert main([str(word) for word in argv]) == 0
        return out

    return run


@pytest.mark.parametrize(
    ('by', 'level'), [('f1', None), ('fbeta', 2.0), ('precision', 0.9)]
)
def test_the_file_holds_what_was_searched(data, searched, by, level):
    path = searched('--by', by, *(['--level', level] if level else []))
    content = json.loads(path.read_text())
    found = search_thresholds(*data, by, level)
    overall = global_threshold(*data, by, level)
    expected = [*found.threshold[:3], overall.threshold[0]]
    np.testing.assert_array_equal(read_thresholds(path, CLASSES), expected)
    assert content['global'] == {k: v[0] for k, v in overall._asdict().items()}
    assert (content['by'], content['level'], content['images']) == (by, level, 60)
    assert content['labels'][1]['recall'] == found.recall[1]
    assert content['labels'][3]['recall'] is None
    assert content['labels'][1]['support'] == data[1][:, 1].sum()


def test_it_says_what_they_change(data, searched, capsys):
    path = searched()
    lines = capsys.readouterr().out.splitlines()
    best = precision_recall_f1(*data, read_thresholds(path, CLASSES))
    assert f'CF1 {best["CF1"]:.4f}' in lines[2]
    assert best['CF1'] > precision_recall_f1(*data)['CF1']
    assert lines[3].startswith('Protocol mlgcn: ')
    assert lines[4] == 'without positives, so global: never'


@pytest.mark.parametrize('fields', [{}, {'must_exceed': True, 'thr': 0.25}])
@pytest.mark.parametrize('unknown', ['skip', 'negative'])
@pytest.mark.parametrize('name', PROTOCOLS)
def test_eval_gives_the_numbers_that_it_reports(
    data, tmp_path, capsys, name, unknown, fields
):
    scores, targets = data[0].astype(np.float32), data[1].copy()
    targets[::7, 1] = -1
    protocol = dict(name=name, unknown=unknown, **fields)
    results, file = str(tmp_path / 'results.npz'), tmp_path / 'thresholds.json'
    write_results(results, Results(scores, targets, CLASSES, [''] * 60, protocol))
    main(['thresholds', results, '--out', str(file)])
    reported = capsys.readouterr().out.splitlines()
    content = json.loads(file.read_text())
    overall = content['global']['threshold']
    for words, line in (
        ([], reported[0]),
        (['--thr', repr(overall)], reported[1]),
        (['--thresholds', str(file)], reported[2]),
    ):
        main(['eval', results, *words])
        printed = capsys.readouterr().out
        kind, found = line.rsplit(':', 1)
        for key, value in zip(found.split()[::2], found.split()[1::2], strict=True):
            assert f'\n{name}/{key} {value}\n' in printed, kind
    main(['eval', results, '--json', str(tmp_path / 'table.json'), *words])
    table = json.loads((tmp_path / 'table.json').read_text())['labels']
    for row, label in zip(table[:3], content['labels'], strict=False):
        assert row['precision'] == pytest.approx(100 * label['precision'])
        assert row['recall'] == pytest.approx(100 * label['recall'])
        assert row['best_threshold'] == label['threshold']


def test_temperatures_on_request(data, searched, capsys):
    content = json.loads(searched('--temperatures').read_text())
    found = [label['temperature'] for label in content['labels']]
    np.testing.assert_array_equal(found, fit_temperatures(*data))
    words = capsys.readouterr().out.splitlines()[0].split()
    assert words[:2] == ['calibration', 'error']
    assert float(words[2]) > float(words[5])


def test_mistakes_are_said_in_one_line(searched, tmp_path, capsys):
    with pytest.raises(SystemExit, match='2'):
        searched('--by', 'precision')
    assert 'level (None) must be in (0, 1]' in capsys.readouterr().err
    empty = tmp_path / 'empty.npz'
    write_results(empty, Results(np.ones((2, 1)), np.zeros((2, 1)), ['a'], ['', '']))
    with pytest.raises(SystemExit, match='2'):
        main(['thresholds', str(empty), '--out', 'x.json'])
    assert 'has no positive label to search by' in capsys.readouterr().err
