import time
import tracemalloc

import numpy as np
import pytest

from mvlr_mm.evaluation import joint_errors
from mvlr_mm.evaluation.counts import decide
from mvlr_mm.evaluation.joint_errors import (
    error_counts,
    missed_and_wrong,
    pairs_beyond_chance,
)


@pytest.fixture
def errors():
    rng = np.random.default_rng(0)
    missed, wrong = rng.random((2, 80, 4)) < 0.1
    wrong[:12, 3] = missed[:12, 1] = True
    return missed, wrong


def test_counts_by_a_loop(errors):
    missed, wrong = errors
    counts = error_counts(missed, wrong)
    for i in range(4):
        for j in range(4):
            both = sum(a[i] and b[j] for a, b in zip(missed, wrong, strict=True))
            assert counts[i, j] == both


def test_thousands_of_labels_take_no_minutes():
    rng = np.random.default_rng(0)
    missed, wrong = rng.random((2, 300, 1500)) < 0.1
    start = time.process_time()
    counts = error_counts(missed, wrong)
    # as a product of whole numbers, which BLAS does not know, it takes a second
    assert time.process_time() - start < 0.5
    assert counts[7, 1400] == (missed[:, 7] & wrong[:, 1400]).sum()


@pytest.mark.parametrize('same', [False, True])
@pytest.mark.parametrize('cells', [1, 9, 2**20])
def test_pairs_by_a_loop_however_many_are_counted_at_once(monkeypatch, same, cells):
    monkeypatch.setattr(joint_errors, '_CELLS', cells)
    missed, wrong = np.random.default_rng(1).random((2, 60, 7)) < 0.3
    wrong = missed if same else wrong
    found = []
    for i in range(7):
        for j in range(7):
            count = sum(a[i] and b[j] for a, b in zip(missed, wrong, strict=True))
            expected = sum(missed[:, i]) * sum(wrong[:, j]) / 60
            if count >= 2 and count > expected and (i < j if same else i != j):
                found.append((i, j, count, pytest.approx(expected)))
    found.sort(key=lambda pair: -(pair[2] - pair[3].expected))
    assert pairs_beyond_chance(missed, wrong, most=99) == found
    assert pairs_beyond_chance(missed, wrong, most=4) == found[:4]


def test_ten_thousand_labels_take_no_gigabytes():
    errors = np.zeros((3, 10_000), bool)
    errors[:2, [5, 9_000]] = True
    tracemalloc.start()
    (pair,) = pairs_beyond_chance(errors, errors, most=8)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert pair == (5, 9_000, 2, pytest.approx(4 / 3))
    assert peak < 2**26  # all pairs at once: 2.4 GB


def test_what_is_unknown_is_no_error():
    scores = np.array([[0.9, 0.1, 0.9, 0.1]])
    targets = np.array([[0, 1, -1, -1]])
    missed, wrong = missed_and_wrong(decide(scores, targets, 0.5))
    assert missed.tolist() == [[False, True, False, False]]
    assert wrong.tolist() == [[True, False, False, False]]


def test_the_planted_pair_comes_first(errors):
    missed, wrong = errors
    first = pairs_beyond_chance(missed, wrong, most=3)[0]
    assert (first.first, first.second) == (1, 3)
    assert first.count == (missed[:, 1] & wrong[:, 3]).sum() >= 12
    share = missed[:, 1].mean() * wrong[:, 3].mean()
    assert first.expected == pytest.approx(80 * share)


def test_a_pair_of_one_kind_counts_once_and_no_label_with_itself(errors):
    missed, _ = errors
    missed[:6, 2] = True
    pairs = pairs_beyond_chance(missed, missed, most=99, least=1)
    assert all(pair.first < pair.second for pair in pairs)
    assert (pairs[0].first, pairs[0].second) == (1, 2)


def test_what_comes_by_chance_alone_is_no_pair():
    half = np.arange(40) % 2 == 0
    quarter = np.arange(40) % 4 < 2
    errors = np.stack([half, quarter], axis=1)
    assert pairs_beyond_chance(errors, errors, most=5) == []
