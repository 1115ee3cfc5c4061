import sys

import numpy as np
import pytest

from mvlr_mm.evaluation.label_errors import suspected_label_errors


@pytest.fixture
def noisy():
    """Scores and targets of which some are turned round, and which these are."""
    rng = np.random.default_rng(0)
    truth = (rng.random((300, 5)) < [0.5, 0.3, 0.1, 0.2, 0.4]).astype(np.int8)
    turned = rng.random(truth.shape) < 0.05
    scores = np.clip(0.1 + 0.8 * truth + 0.15 * rng.normal(size=truth.shape), 0, 1)
    return scores, np.where(turned, 1 - truth, truth), turned


def test_suspects_are_those_of_cleanlab_for_several_labels(noisy):
    filters = pytest.importorskip('cleanlab.multilabel_classification.filter')
    scores, targets, _ = noisy
    labels = [np.flatnonzero(row).tolist() for row in targets]
    theirs, _, _ = filters.find_multilabel_issues_per_class(
        labels, scores, return_indices_ranked_by='self_confidence', n_jobs=1
    )
    ours = suspected_label_errors(scores, targets)
    assert list(map(list, ours)) == list(map(list, theirs))


def test_turned_labels_are_suspected(noisy):
    pytest.importorskip('cleanlab')
    scores, targets, turned = noisy
    for i, found in enumerate(suspected_label_errors(scores, targets)):
        assert turned[found, i].mean() > 0.9
        assert turned[found, i].sum() > 0.7 * turned[:, i].sum()


def test_a_label_of_one_image_has_no_warning_without_its_name(recwarn):
    pytest.importorskip('cleanlab')
    scores = np.linspace(0.05, 0.95, 40).reshape(20, 2)
    targets = np.zeros((20, 2), np.int8)
    targets[3] = 1
    suspected_label_errors(scores, targets)
    assert not recwarn.list


def test_unknown_labels_are_left_out(noisy):
    pytest.importorskip('cleanlab')
    scores, targets, _ = noisy
    targets[::3, 1] = -1
    known = np.flatnonzero(targets[:, 1] >= 0)
    found = suspected_label_errors(scores, targets)[1]
    alone = suspected_label_errors(scores[known, 1:2], targets[known, 1:2])[0]
    assert len(found)
    assert list(found) == list(known[alone])


@pytest.mark.parametrize('value', [0, 1, -1])
def test_a_label_without_both_kinds_has_no_suspects(noisy, value):
    pytest.importorskip('cleanlab')
    scores, targets, _ = noisy
    targets[:, 2] = value
    assert len(suspected_label_errors(scores, targets)[2]) == 0


def test_logits_are_refused(noisy):
    pytest.importorskip('cleanlab')
    scores, targets, _ = noisy
    with pytest.raises(ValueError, match=r'must be probabilities, in \[0, 1\]'):
        suspected_label_errors(10 * scores, targets)


def test_without_cleanlab_the_extra_is_named(noisy, monkeypatch):
    monkeypatch.setitem(sys.modules, 'cleanlab', None)
    monkeypatch.setitem(sys.modules, 'cleanlab.filter', None)
    with pytest.raises(ImportError, match=r'pip install "mvlr_mm\[report\]"'):
        suspected_label_errors(*noisy[:2])
