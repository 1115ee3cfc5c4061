import os
import shutil
import sys

import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score

from mvlr_mm.apis.load import build_model
from mvlr_mm.cli import report
from mvlr_mm.config import read_config
from mvlr_mm.evaluation import read_results
from mvlr_mm.evaluation.results import write_results
from mvlr_mm.labels.thresholds import write_thresholds
from mvlr_stack.command import main


@pytest.fixture(scope='module')
def reported(trained, tmp_path_factory):
    """Return a work dir of which a report was made without results."""
    folder = tmp_path_factory.mktemp('reported') / 'my run'
    shutil.copytree(trained.folder, folder)
    assert main(['report', str(folder)]) == 0
    return folder


@pytest.fixture
def tested(reported, tmp_path):
    """Return a copy of it without the report."""
    folder = tmp_path / 'run'
    shutil.copytree(reported, folder)
    (folder / 'report.html').unlink()
    os.utime(folder / 'results.npz')
    return folder


def test_a_work_dir_gets_results_and_a_page_and_keeps_the_rest(reported, trained):
    new = {path.name for path in reported.iterdir()}
    new -= {path.name for path in trained.folder.iterdir()}
    assert new == {'results.npz', 'report.html'}
    config = trained.config.name
    assert (reported / config).read_text() == trained.config.read_text()


def test_the_page_shows_the_numbers_and_each_part_of_the_model(reported):
    html = (reported / 'report.html').read_text(encoding='utf-8')
    found = read_results(reported / 'results.npz')
    mean = 100 * average_precision_score(found.targets, found.scores)
    assert '<h1>my run</h1>' in html
    assert f'<b>{mean:.1f}</b>mAP' in html
    for part in ('similarity', 'attention', 'attends to'):
        assert part in html
    assert 'no patches' not in html
    assert 'gives no map' not in html


def test_a_page_is_not_replaced_in_silence(reported, capsys):
    with pytest.raises(SystemExit, match='2'):
        main(['report', str(reported)])
    assert 'report.html exists; name another, or add --overw' in capsys.readouterr().err


def without_checkpoint(path):
    """Make of results an older file of a version that did not say the checkpoint."""
    write_results(path, read_results(path)._replace(checkpoint=''))
    os.utime(path, (0, 0))


def test_results_older_than_the_checkpoint_stop_the_report(tested, capsys):
    without_checkpoint(tested / 'results.npz')
    with pytest.raises(SystemExit, match='2'):
        main(['report', str(tested)])
    err = capsys.readouterr().err
    assert 'results.npz is older than epoch_1.pth, so it may be of another one' in err
    assert main(['report', str(tested), '--overwrite']) == 0
    assert (tested / 'results.npz').stat().st_mtime > 0


def test_results_say_of_which_checkpoint_they_are(tested, capsys):
    os.utime(tested / 'results.npz', (0, 0))  # as of a copy
    assert main(['report', str(tested)]) == 0
    weights = torch.load(tested / 'epoch_1.pth', weights_only=True)
    torch.save(weights['state_dict'], tested / 'best_x.pth')
    os.utime(tested / 'best_x.pth', (1, 1))  # before the test, so not what was tested
    os.utime(tested / 'results.npz')
    with pytest.raises(SystemExit, match='2'):
        main(['report', str(tested), '--out', str(tested / 'new.html')])
    err = capsys.readouterr().err
    assert 'results.npz is of another checkpoint than best_x.pth: add --overw' in err


def test_a_test_that_fails_leaves_the_results_of_before(tested, monkeypatch):
    without_checkpoint(tested / 'results.npz')
    before = (tested / 'results.npz').read_bytes()

    def fail(args):
        raise ValueError('no picture could be read')

    monkeypatch.setattr(report, 'run_test', fail)
    with pytest.raises(SystemExit, match='2'):
        main(['report', str(tested), '--overwrite'])
    assert (tested / 'results.npz').read_bytes() == before


def test_results_of_other_labels_are_refused(tested, capsys):
    found = read_results(tested / 'results.npz')
    other = tested / 'other.npz'
    write_results(other, found._replace(classes=['cat', 'dog', 'ship']))
    with pytest.raises(SystemExit, match='2'):
        main(['report', str(tested), '--results', str(other)])
    assert 'the results have other labels than' in capsys.readouterr().err


@pytest.mark.parametrize('way', ['named', 'stored', 'tested'])
def test_thresholds_of_a_file(tested, way):
    file = tested / 'thresholds.json'
    records = [dict(name=n, threshold=0.123) for n in ('boat', 'cat', 'dog')]
    write_thresholds(file, records, dict(threshold=0.5))
    more = []
    if way == 'named':
        file = file.rename(tested / 'mine.json')
        more = ['--thresholds', str(file)]
    if way == 'tested':
        found = read_results(tested / 'results.npz')
        own = found._replace(thresholds=np.full(3, 0.123), thresholds_file='of test')
        write_results(tested / 'results.npz', own)
        file.unlink()
    assert main(['report', str(tested), *more]) == 0
    html = (tested / 'report.html').read_text(encoding='utf-8')
    assert html.count('<td>0.123</td>') == 3
    source = {'named': 'mine.json', 'stored': 'stored with', 'tested': 'of test'}
    assert source[way] in html.split('Thresholds: ')[1][:200]


def test_without_cleanlab_the_page_is_made_and_the_extra_named(
    tested, monkeypatch, capsys
):
    monkeypatch.setitem(sys.modules, 'cleanlab.filter', None)
    assert main(['report', str(tested), '--out', str(tested / 'a/b.html')]) == 0
    out = capsys.readouterr().out
    assert 'Without suspected label errors' in out
    assert 'pip install "mvlr_mm[report]"' in out
    assert (tested / 'a/b.html').is_file()


def test_lost_pictures_are_said(tested, capsys):
    found = read_results(tested / 'results.npz')
    gone = found._replace(paths=[f'/gone/{i}.png' for i in range(7)])
    write_results(tested / 'results.npz', gone)
    assert main(['report', str(tested)]) == 0
    out = capsys.readouterr().out
    assert '7 pictures could not be read, first /gone/' in out


def test_the_page_has_to_be_html(capsys):
    with pytest.raises(SystemExit, match='2'):
        main(['report', 'x', '--out', 'x.pdf'])
    assert '--out x.pdf: the report is a .html file' in capsys.readouterr().err


def test_a_model_without_labels_in_words_has_a_report_without_maps(config):
    folder = config.parent / 'run'
    folder.mkdir()
    shutil.copy(config, folder)
    model = build_model(read_config(config))
    meta = dict(dataset_meta=dict(classes=('a', 'b', 'c')))
    weights = dict(state_dict=model.state_dict(), meta=meta)
    torch.save(weights, folder / 'epoch_1.pth')
    assert main(['report', str(folder)]) == 0
    html = (folder / 'report.html').read_text(encoding='utf-8')
    assert 'scores no patches and has no IFM' in html
    assert 'gives no map of its labels' in html
    assert 'mAP' in html
