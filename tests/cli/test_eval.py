import csv
import dataclasses
import io
import json
import sys

import numpy as np
import pytest

from mvlr_mm.evaluation import evaluate, write_results
from mvlr_mm.evaluation.calibration import apply_temperatures, calibration_error
from mvlr_mm.evaluation.protocols import PROTOCOLS, Protocol, protocol_of
from mvlr_mm.evaluation.results import Results
from mvlr_mm.labels.thresholds import write_thresholds
from mvlr_stack.command import main

CLASSES = ['cat', 'traffic light', 'dog', 'sea']


@pytest.fixture
def results():
    rng = np.random.default_rng(0)
    scores, targets = rng.random((30, 4)), rng.integers(-1, 2, (30, 4))
    tested = {'name': 'asl', 'thr': 0.3}
    return Results(scores, targets, CLASSES, [''] * 30, tested)


@pytest.fixture
def evaluated(results, tmp_path):
    """Return the function that runs the command and reads the json it writes."""
    path = tmp_path / 'results.npz'
    write_results(path, results)

    def run(*words):
        out = tmp_path / 'out.json'
        argv = ['eval', path, '--overwrite', '--json', out, *words]
        assert main([str(word) for word in argv]) == 0
        return json.loads(out.read_text())

    return run


@pytest.mark.parametrize('name', PROTOCOLS)
def test_another_protocol(results, evaluated, capsys, name):
    found = evaluated('--protocol', name)
    expected = evaluate(*results[:2], PROTOCOLS[name])
    assert found['numbers'] == expected
    out = capsys.readouterr().out
    assert f'{name}/mAP {expected["mAP"]:.4f}' in out.splitlines()
    assert f'Protocol {name}: ap ' in out
    assert [label['name'] for label in found['labels']] == CLASSES


def test_the_protocol_of_the_test_unless_said_otherwise(results, evaluated):
    found = evaluated()
    expected = evaluate(*results[:2], protocol_of('asl', thr=0.3))
    assert found['numbers'] == expected
    assert found['protocol']['thr'] == 0.3
    assert evaluated('--protocol', 'asl')['protocol']['thr'] == 0.8


def test_without_a_known_protocol_it_is_mlgcn(results, tmp_path, capsys):
    path = tmp_path / 'plain.npz'
    write_results(path, results._replace(protocol=None))
    main(['eval', str(path)])
    assert 'mlgcn/mAP' in capsys.readouterr().out


def test_every_field_can_be_changed(results, evaluated):
    words = '--protocol mlgcn --ap voc10 --empty zero --family asl --thr 0.2 --topk 2'
    words += ' --unknown negative --more sets ranking --no-must-exceed --no-topk-thr'
    found = evaluated(*words.split())
    fields = dict(ap='voc10', empty='zero', family='asl', thr=0.2, topk=2)
    fields |= dict(unknown='negative', more=['sets', 'ranking'])
    fields |= dict(must_exceed=False, topk_thr=False)
    assert {'name', *fields} == {field.name for field in dataclasses.fields(Protocol)}
    changed = protocol_of('mlgcn', **fields)
    assert found['numbers'] == evaluate(*results[:2], changed)
    assert found['protocol'] == json.loads(json.dumps(dataclasses.asdict(changed)))
    assert evaluated('--protocol', 'mlgcn', '--topk', 0)['protocol']['topk'] is None


def test_some_labels_only(results, evaluated):
    found = evaluated('--protocol', 'mlgcn', '--classes', 'dog', 'cat')
    scores, targets = results.scores[:, [2, 0]], results.targets[:, [2, 0]]
    assert found['numbers'] == evaluate(scores, targets, PROTOCOLS['mlgcn'])
    whole = {x['name']: x for x in evaluated('--protocol', 'mlgcn')['labels']}
    assert whole['dog'] != whole['cat']
    assert found['labels'] == [whole['dog'], whole['cat']]


def test_some_labels_of_a_test_with_thresholds(results, tmp_path, capsys):
    path, out = tmp_path / 'results.npz', tmp_path / 'out.json'
    thr = np.array([0.1, 0.3, 0.6, 0.9])
    write_results(path, results._replace(thresholds=thr, thresholds_file='thr.json'))
    argv = ['eval', str(path), '--json', str(out), '--overwrite']
    main([*argv, '--classes', 'dog', 'cat'])
    found = json.loads(out.read_text())
    data = results.scores[:, [2, 0]], results.targets[:, [2, 0]]
    tested = protocol_of('asl', thr=0.3)
    assert found['numbers'] == evaluate(*data, tested, thr[[2, 0]])
    assert 'Thresholds of thr.json in place of thr.' in capsys.readouterr().out
    for words in (['--thr', '0.5'], ['--protocol', 'asl']):
        main([*argv, *words])
        assert json.loads(out.read_text())['thresholds'] is None


def test_a_label_is_found_by_its_letters_however_they_are_composed(results, tmp_path):
    path, out = tmp_path / 'results.npz', tmp_path / 'out.json'
    write_results(path, results._replace(classes=['cafe\u0301', *CLASSES[1:]]))
    main(['eval', str(path), '--json', str(out), '--classes', 'caf\u00e9', 'dog'])
    names = [label['name'] for label in json.loads(out.read_text())['labels']]
    assert names == ['cafe\u0301', 'dog']


def test_thresholds_interval_and_calibration(results, evaluated, tmp_path, capsys):
    path = tmp_path / 'thresholds.json'
    thr = [0.1, 0.2, 0.3, 0.9]
    pairs = zip(CLASSES, thr, strict=True)
    write_thresholds(path, [{'name': n, 'threshold': t} for n, t in pairs], {})
    words = ['--resamples', 10, '--seed', 1, '--calibration', '--thresholds', path]
    found = evaluated('--protocol', 'mlgcn', *words)['numbers']
    protocol = PROTOCOLS['mlgcn']
    expected = evaluate(*results[:2], protocol, np.array(thr), resamples=10, seed=1)
    expected['ECE'] = 100 * calibration_error(*results[:2]).mean()
    assert found == pytest.approx(expected)
    assert 'thresholds.json in place of thr' in capsys.readouterr().out


def test_temperatures_are_tried_on_other_images(results, evaluated, tmp_path):
    path, temperatures = tmp_path / 'thresholds.json', np.array([0.5, 1, 2, 4])
    pairs = zip(CLASSES, temperatures.tolist(), strict=True)
    records = [{'name': n, 'threshold': 0.5, 'temperature': t} for n, t in pairs]
    write_thresholds(path, records[::-1], {})
    found = evaluated('--calibration', '--thresholds', path)['numbers']
    scores, targets = results[:2]
    calibrated = apply_temperatures(scores, targets, temperatures)
    for key, values in (('ECE', scores), ('ECE-temperatures', calibrated)):
        assert found[key] == 100 * calibration_error(values, targets).mean()


def test_a_csv_of_the_labels(evaluated, tmp_path):
    path = tmp_path / 'labels.csv'
    found = evaluated('--csv', path)
    with open(path, newline='') as file:
        rows = list(csv.DictReader(file))
    expected = [label['ap'] for label in found['labels']]
    assert [float(row['ap']) for row in rows] == expected


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (['--classes', 'trafic light'], "'trafic light' is not among the 4 labels"),
        (['--classes', 'dog', 'dog'], "--classes names 'dog' twice"),
        (['--thr', '0.5', '--thresholds', 'x.json'], 'thr 0.5 and --thresholds x.json'),
        (['--csv', 'labels.xls'], '--csv labels.xls must be a .csv file'),
        (['--csv', 'labels.json'], '--csv labels.json must be a .csv file'),
        (['--json', 'labels.csv'], '--json labels.csv must be a .json file'),
        (['--thresholds', 'gone.json'], 'gone.json'),
        (['--topk', '-1'], "--topk: '-1' must be a whole number of at least 0"),
    ],
)
def test_mistakes_are_said_in_one_line(evaluated, capsys, words, message):
    with pytest.raises(SystemExit, match='2'):
        evaluated(*words)
    assert message in capsys.readouterr().err


def test_a_terminal_that_lacks_the_letters_gets_their_numbers(
    results, tmp_path, monkeypatch
):
    path, out = tmp_path / 'results.npz', io.BytesIO()
    write_results(path, results._replace(classes=['猫', 'ß', 'a\x1b[31m', 'sea']))
    monkeypatch.setattr(sys, 'stdout', io.TextIOWrapper(out, 'ascii'))
    assert main(['eval', str(path)]) == 0
    sys.stdout.flush()
    printed = out.getvalue().decode()
    for shown in (r'\u732b ', r'\xdf ', r'a\x1b[31m '):
        assert f'\n{shown}' in printed


def test_a_pickle_is_refused(tmp_path, capsys):
    with pytest.raises(SystemExit, match='2'):
        main(['eval', str(tmp_path / 'results.pkl')])
    assert 'a pickle could run any code' in capsys.readouterr().err
