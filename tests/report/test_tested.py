import numpy as np
import pytest

from mvlr_mm.evaluation import evaluate
from mvlr_mm.evaluation.protocols import PROTOCOLS
from mvlr_mm.report import judge_results


def test_decisions_by_a_loop(results, tested):
    for row, (scores, truth) in enumerate(
        zip(results.scores, results.targets, strict=True)
    ):
        for i, (score, true) in enumerate(zip(scores, truth, strict=True)):
            assert tested.missed[row, i] == (true == 1 and score < 0.5)
            assert tested.wrong[row, i] == (true == 0 and score >= 0.5)
    assert tested.missed.sum() == tested.wrong.sum() == 2


def test_numbers_are_those_of_mvlr_eval(results, tested):
    assert tested.numbers == evaluate(*results[:2], PROTOCOLS['mlgcn'])
    assert tested.source == '0.5 for all labels, of the protocol'


def test_own_thresholds_decide(results):
    thresholds = np.array([0.05, 0.5, 0.85, 0.5])
    tested = judge_results(results, thresholds, 'a file')
    assert not tested.missed[:, 0].any()
    assert tested.wrong[6:, 0].all()
    assert not tested.wrong[:, 2].any()
    assert tested.missed[:, 2].any()
    assert tested.source == 'a file'
    np.testing.assert_array_equal(tested.thresholds, thresholds)


@pytest.mark.parametrize('must_exceed', [False, True])
def test_the_protocol_says_what_an_equal_score_is(results, must_exceed):
    protocol = dict(name='mlgcn', must_exceed=must_exceed, unknown='negative')
    scores = np.full_like(results.scores, 0.5)
    tested = judge_results(results._replace(scores=scores, protocol=protocol))
    assert tested.decisions.predicted.all() == (not must_exceed)
    assert tested.targets.min() == 0  # what is unknown counts as absent
