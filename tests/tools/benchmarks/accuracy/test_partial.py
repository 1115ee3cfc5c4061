import argparse

import numpy as np
import pytest
from benchmarks.accuracy.partial import PartialLabels
from benchmarks.accuracy.plan import NOTHING, Plan, Run, Setting
from benchmarks.accuracy.rows import Row
from benchmarks.accuracy.supervision import add_supervision, chosen_supervision
from benchmarks.accuracy.training import run
from mmpretrain.registry import DATASETS


@pytest.fixture
def chosen(tmp_path):
    def parse(*words):
        parser = argparse.ArgumentParser()
        add_supervision(parser)
        args = parser.parse_args(words)
        args.out = tmp_path
        return chosen_supervision(args, 'no config is read', {})

    return parse


def test_everything_is_known_unless_told(chosen):
    assert chosen() is None
    found = chosen('--known', '0.1', '--labels-seed', '3')
    assert found.content() == dict(known=0.1, seed=3, rest='unknown')
    found = chosen('--known', 'single positive', '--unknown', 'absent')
    assert found.content() == dict(known='single positive', seed=0, rest='absent')


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (['--known', 'single positive'], 'leaves no label absent'),
        (['--known', '0.1', '--held-out', '3'], 'do not go together'),
        (['--unknown', 'absent'], '--unknown goes with --known'),
    ],
)
def test_what_does_not_go_together(chosen, words, message):
    with pytest.raises(ValueError, match=message):
        chosen(*words)


@pytest.mark.parametrize('word', ['0', '2', 'some'])
def test_what_can_be_known(chosen, word, capsys):
    with pytest.raises(SystemExit):
        chosen('--known', word)
    said = capsys.readouterr().err
    assert '--known: known (' in said
    assert 'must be a share above 0 and up to 1' in said


@pytest.fixture
def prepare(data, tmp_path):
    def prepared(config, rest='unknown'):
        known = PartialLabels(0.5, 0, rest, tmp_path / 'labels')
        plan = Plan(tmp_path, data, 1, supervision=known)
        return plan, plan.prepare(Row('row', config))

    return prepared


def test_training_hides_labels_and_the_others_keep_theirs(prepare, texts):
    plan, prepared = prepare(texts)
    cfg = prepared.cfg
    states = DATASETS.build(cfg.train_dataloader.dataset)
    found = np.array([states.get_data_info(i)['gt_score'] for i in range(len(states))])
    assert {-1, 0, 1} == set(np.unique(found))
    assert 'hide' not in cfg.val_dataloader.dataset
    assert 'hide' not in cfg.test_dataloader.dataset
    result = run(plan.job(prepared, Run('row', Setting(1e-3, 0.1), 0)))
    assert result['test']['mAP'] > 0


def test_a_loss_that_does_not_leave_out_unknown_labels_is_refused(prepare, config):
    with open(config, 'a') as file:
        file.write("model['head']['loss'] = dict(type='AsymmetricLoss')\n")
    with pytest.raises(ValueError, match=r'--known: AsymmetricLoss of row would take'):
        prepare(config)
    assert prepare(config, 'absent')


def test_a_loss_that_the_head_takes_by_itself_is_looked_at(prepare, config):
    with pytest.raises(ValueError, match=r'--known: CrossEntropyLoss of row would'):
        prepare(config)


def test_a_system_without_training_sees_no_label_anyway(prepare, config):
    with open(config, 'a') as file:
        file.write("train_cfg = dict(type='FitLoop', max_epochs=1)\n")
    plan, prepared = prepare(config)
    assert 'hide' not in prepared.cfg.train_dataloader.dataset
    assert plan.job(prepared, Run('row', NOTHING, 0)).folder


def test_a_label_graph_is_made_of_what_is_known(prepare, texts):
    with open(texts, 'a') as file:
        file.write("model['head']['graph'] = 'of_all_labels.npz'\n")
    prepared = prepare(texts)[1]
    with np.load(prepared.cfg.model.head.graph) as graph:
        assert graph['names'].tolist() == ['light', 'left']
        some = graph['counts']
    with np.load(prepare(texts, 'absent')[1].cfg.model.head.graph) as graph:
        np.testing.assert_array_equal(graph['counts'], some)
        assert (graph['known'] == graph['counts'][:, None]).all()
    assert 0 < some.sum() < 12  # of 6 each


def test_a_label_graph_is_that_of_the_lists_of_now(prepare, texts, data):
    with open(texts, 'a') as file:
        file.write("model['head']['graph'] = 'of_all_labels.npz'\n")
    graph = prepare(texts)[1].cfg.model.head.graph
    with np.load(graph) as before:
        whole = before['counts'].sum()
    lines = (data / 'train.jsonl').read_text().splitlines()
    (data / 'train.jsonl').write_text('\n'.join(lines[:2]))
    assert prepare(texts)[1].cfg.model.head.graph == graph
    with np.load(graph) as after:
        assert after['counts'].sum() < whole
