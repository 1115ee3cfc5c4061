import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import coverage_error, label_ranking_loss

from mvlr_mm.evaluation.ranking import ranking_metrics


def loop(scores, targets):
    """The definitions, one image at a time."""
    losses, covered, errors = [], [], []
    for row, truth in zip(scores, targets, strict=True):
        present, absent = row[truth == 1], row[truth == 0]
        pairs = [a >= p for p in present for a in absent]
        losses.append(sum(pairs) / len(pairs) if pairs else 0)
        covered.append((row[truth >= 0] >= present.min()).sum() if len(present) else 0)
        if len(present):
            errors.append(any(a >= present.max() for a in absent))
    return {
        'ranking-loss': 100 * np.mean(losses),
        'coverage': np.mean(covered),
        'one-error': 100 * np.mean(errors) if errors else np.nan,
    }


def test_numbers_equal_plain_loops(case):
    found = ranking_metrics(*case)
    assert found == pytest.approx(loop(*case), rel=1e-12)
    assert all(type(value) is float for value in found.values())


@pytest.mark.parametrize('kind', ['random', 'tied', 'constant', 'rare', 'full'])
def test_numbers_equal_scikit_learn(cases, kind):
    scores, targets = cases(kind)
    found = ranking_metrics(scores, targets)
    loss = 100 * label_ranking_loss(targets, scores)
    assert found['ranking-loss'] == pytest.approx(loss)
    assert found['coverage'] == pytest.approx(coverage_error(targets, scores))


def test_a_single_pair_is_wholly_right_or_wrong():
    targets = np.array([[1, 0]])
    for scores, wrong in (([[0.2, 0.7]], 100), ([[0.7, 0.2]], 0)):
        assert ranking_metrics(np.array(scores), targets)['ranking-loss'] == wrong


def test_many_images_are_ranked_in_blocks(cases, monkeypatch):
    data = cases('unknown')
    whole = ranking_metrics(*data)
    monkeypatch.setattr('mvlr_mm.evaluation.ranking.ROWS', 7)
    assert ranking_metrics(*data) == pytest.approx(whole, rel=1e-14)


def test_no_label_at_all_gives_no_one_error(cases):
    scores, targets = cases('random')
    found = ranking_metrics(scores, 0 * targets)
    assert found['ranking-loss'] == found['coverage'] == 0
    assert np.isnan(found['one-error'])


shapes = st.tuples(st.integers(1, 8), st.integers(1, 6))
matrices = arrays(np.int64, shapes, elements=st.integers(0, 5))


@settings(max_examples=40, deadline=None, derandomize=True)
@given(matrices, st.randoms(use_true_random=False))
def test_orders_and_monotone_maps_change_nothing(ranks, random):
    scores, targets = ranks / 10, (ranks * 5 + np.arange(ranks.shape[1])) % 3 - 1
    found = ranking_metrics(scores, targets)
    rows = random.sample(range(len(scores)), len(scores))
    labels = random.sample(range(scores.shape[1]), scores.shape[1])
    for order in (
        np.ix_(rows, range(scores.shape[1])),
        np.ix_(range(len(scores)), labels),
    ):
        other = ranking_metrics(np.exp(scores[order]), targets[order])
        assert other == pytest.approx(found, rel=1e-12, nan_ok=True)
