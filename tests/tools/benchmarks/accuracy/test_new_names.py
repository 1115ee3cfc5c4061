import math

import numpy as np
import pytest
import torch
from benchmarks.accuracy import new_names
from benchmarks.accuracy.held_out import hold_out
from benchmarks.accuracy.plan import Plan, Run, Setting
from benchmarks.accuracy.rows import Row
from benchmarks.accuracy.training import run
from sklearn.metrics import average_precision_score, f1_score

from mvlr_mm.config import read_config
from mvlr_mm.evaluation.protocols import protocol_of


def test_numbers_against_scikit_learn():
    rng = np.random.default_rng(0)
    targets = rng.integers(0, 2, (40, 7))
    scores = rng.random((40, 7))
    hidden = np.array([0, 1, 0, 0, 1, 1, 1], bool)
    found = new_names.numbers_of_names(
        torch.tensor(scores),
        torch.tensor(targets),
        torch.tensor(hidden),
        protocol_of('mlgcn', topk_thr=False),
    )
    aps = 100 * np.array(
        [average_precision_score(targets[:, i], scores[:, i]) for i in range(7)]
    )
    assert found['mAP'] == pytest.approx(aps.mean())
    seen, unseen = aps[~hidden].mean(), aps[hidden].mean()
    assert found['seen mAP'] == pytest.approx(seen)
    assert found['unseen mAP'] == pytest.approx(unseen)
    harmonic = 1 / np.mean([1 / seen, 1 / unseen])
    assert found['harmonic mAP'] == pytest.approx(harmonic)
    for name, columns in (('F1@3', slice(None)), ('unseen F1@3', hidden)):
        some = scores[:, columns]
        top = (some >= np.sort(some, axis=1)[:, -3:-2]).astype(int)
        expected = 100 * f1_score(targets[:, columns], top, average='micro')
        assert found[name] == pytest.approx(expected)


@pytest.fixture
def train_on_two(data, texts, tmp_path):
    """Make a run with one of three names held out."""
    (data / 'classes.json').write_text('["light", "left", "grey"]')

    def make(**options):
        cfg = read_config(texts, {'data_root': str(data)})
        supervision = hold_out(cfg, tmp_path / 'l', 1, 0)
        plan = Plan(tmp_path, data, 1, options=options, supervision=supervision)
        prepared = plan.prepare(Row('texts', texts))
        result = run(plan.job(prepared, Run('texts', Setting(1e-3, 0.1), 0)))
        return supervision, result

    return make


@pytest.fixture
def done(train_on_two, monkeypatch):
    """Such a run, and what the model was asked."""
    asked, before = [], new_names.scores_of

    def scores_of(one, model, loader):
        asked.append((type(one.head).__name__, model.neck.classes))
        return before(one, model, loader)

    monkeypatch.setattr(new_names, 'scores_of', scores_of)
    return *train_on_two(), asked


def test_the_test_is_evaluated_by_its_own_protocol(train_on_two, monkeypatch):
    protocols, before = [], new_names.numbers_of_names

    def numbers_of_names(*args):
        protocols.append(args[-1])
        return before(*args)

    monkeypatch.setattr(new_names, 'numbers_of_names', numbers_of_names)
    metric = dict(type='MultiLabelProtocol', protocol='asl', thr=0.7, ap='voc10')
    other = dict(type='AveragePrecision')
    _, result = train_on_two(test_evaluator=[other, metric])
    expected = protocol_of('asl', thr=0.7, ap='voc10', topk=3, topk_thr=False)
    assert protocols == [expected] * 2
    assert not math.isnan(result['test']['F1@3'])


def test_a_run_is_trained_on_some_names_and_asked_for_all(done):
    names, result, asked = done
    assert result['labels'] == 3
    numbers = result['test']
    for way in ('', 'in one list: '):
        assert not math.isnan(numbers[f'{way}unseen F1@3'])
        assert numbers[f'{way}seen mAP'] > 0
    (apart, trained), (together, every) = asked
    # the way of this package leaves the trained names as they are
    assert (apart, together) == ('SeparateHead', 'SimilarityHead')
    assert trained == names.seen
    assert set(every) == {*names.seen, *names.unseen}
