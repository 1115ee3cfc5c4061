import json
import shlex

import pytest

from mvlr_stack.command import main


def test_the_papers_numbers_alone(capsys):
    assert main(['table', '4']) == 0
    out, err = capsys.readouterr()
    assert '| PDLR + IFM + QMVL    | 88.5 82.8 84.4 |  67.3 64.8 75.3 |' in out
    assert err == ''


def test_own_results_are_found_by_the_name_of_the_data(tmp_path, capsys):
    run = dict(mAP=65.5, CF1=60.0, OF1=70.0)
    rows = [dict(config='a.py', overrides={}, seeds={'0': run})]
    content = dict(base='a.py', data=dict(name='cats'), rows=rows)
    (tmp_path / 'results/cats').mkdir(parents=True)
    (tmp_path / 'results/cats/accuracy.json').write_text(json.dumps(content))
    words = ['table', '4', '--results', str(tmp_path / 'results'), '--data']
    assert main([*words, str(tmp_path / 'data/cats/')]) == 0
    out, err = capsys.readouterr()
    assert '67.3 64.8 75.3 | 65.50 60.00 70.00 (1) |' in out
    assert err == ''


def test_without_results_the_way_to_them_is_said(tmp_path, capsys):
    words = ['table', 'figure4', '--results', str(tmp_path), '--data', 'data/dogs']
    assert main(words) == 0
    out, err = capsys.readouterr()
    assert 'here: dogs (seeds)' in out
    assert 'benchmark.py accuracy --tables figure4 --data data/dogs' in err


def test_the_way_to_results_can_be_copied_whatever_folders_are_called(tmp_path, capsys):
    results = tmp_path / "Tom's results"
    words = ['table', '4', '--results', str(results), '--data', 'my data/dogs']
    assert main(words) == 0
    command = capsys.readouterr().err.splitlines()[-1]
    assert shlex.split(command)[-4:] == [
        '--data',
        'my data/dogs',
        '--out',
        str(results / 'dogs'),
    ]


def test_a_folder_of_results_needs_to_know_of_which_pictures(tmp_path, capsys):
    with pytest.raises(SystemExit, match='2'):
        main(['table', '4', '--results', str(tmp_path)])
    assert f'--results {tmp_path} needs --data' in capsys.readouterr().err
