import json

import numpy as np
import pytest

from mvlr_mm.evaluation import precision_recall_f1, write_results
from mvlr_mm.evaluation.calibration import fit_temperatures
from mvlr_mm.evaluation.results import Results
from mvlr_mm.evaluation.thresholds import (
    global_threshold,
    search_thresholds,
)
from mvlr_mm.threshold_file import read_thresholds
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
    assert f'CF1 {best["CF1"]:.2f}' in lines[2]
    assert best['CF1'] > precision_recall_f1(*data)['CF1']
    assert lines[3] == 'without positives, so global: never'


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
