import pytest
import torch
from mmpretrain.structures import DataSample

from mvlr_mm.models.heads import batch_targets as batch_targets_module
from mvlr_mm.models.heads.batch_targets import batch_targets

LABELS = ([1, 4], [], [0], [4, 2, 3])


def test_one_row_a_picture():
    samples = [DataSample().set_gt_label(labels) for labels in LABELS]
    expected = torch.zeros(4, 5)
    for row, labels in enumerate(LABELS):
        for label in labels:
            expected[row, label] = 1
    found = batch_targets(samples, 5)
    assert found.dtype == torch.float32
    assert torch.equal(found, expected)


def test_pictures_without_any_label_and_a_label_named_twice():
    assert not batch_targets([DataSample().set_gt_label([])] * 2, 3).any()
    twice = batch_targets([DataSample().set_gt_label([2, 2])], 3)
    assert twice.tolist() == [[0, 0, 1]]


def test_thousands_of_labels_take_no_table_for_each_that_is_there():
    samples = [DataSample().set_gt_label(list(range(100)))] * 16
    with torch.profiler.profile(profile_memory=True) as profile:
        targets = batch_targets(samples, 10_000)
    assert targets.sum() == 1600
    largest = max(event.cpu_memory_usage for event in profile.events())
    assert (
        largest <= 2 * targets.nbytes
    )  # 1600 x 10,000 numbers would be 100 times that


def test_scores_are_taken_as_they_are():
    samples = [
        DataSample().set_gt_label([0]).set_gt_score(torch.tensor(score))
        for score in ([1, -1, 0], [-1, 0, 1])
    ]
    assert batch_targets(samples, 3).tolist() == [[1, -1, 0], [-1, 0, 1]]


@pytest.mark.parametrize('label', [-1, 3])
def test_an_index_out_of_range_is_refused(label):
    with pytest.raises(ValueError, match=f'gt_label {label} must be between 0 and 2'):
        batch_targets([DataSample().set_gt_label([label])], 3)


def test_an_index_below_zero_never_counts_from_the_right(monkeypatch):
    # as on a GPU, where nothing looks at the values beforehand
    monkeypatch.setattr(batch_targets_module, '_check', lambda *_: None)
    with pytest.raises(IndexError):
        batch_targets([DataSample().set_gt_label([-1])], 3)


def test_a_compiled_step_is_not_compiled_anew_for_other_numbers_of_labels():
    graphs = []

    def count(graph, _):
        graphs.append(graph)
        return graph

    @torch.compile(backend=count)
    def mean(samples, factor):
        return factor * (factor + batch_targets(samples, 5)).mean()

    factor, seen = torch.tensor(2.0), set()
    for labels in (LABELS, LABELS[::-1], [[0, 1, 2], [3], [], [1]]):
        samples = [DataSample().set_gt_label(found) for found in labels]
        share = sum(map(len, labels)) / 20
        assert mean(samples, factor).item() == pytest.approx(2 * (2 + share))
        seen.add(len(graphs))
    assert len(seen) == 1
    assert graphs


def test_scores_of_another_number_of_labels_are_refused():
    samples = [DataSample().set_gt_score(torch.ones(1)) for _ in range(2)]
    with pytest.raises(ValueError, match=r'gt_score has the shape \(1,\)'):
        batch_targets(samples, 3)
