import tracemalloc

import numpy as np
import pytest

from mvlr_mm.labels import graph as graph_module
from mvlr_mm.labels.graph import (
    count_label_graph,
    count_pairs,
    read_label_graph,
    write_label_graph,
)
from mvlr_mm.labels.known import COCO_CLASSES, VOC_CLASSES

NAMES = ('cat', 'dog', 'sea')
STATES = np.array([[1, 1, 0], [1, 0, -1], [1, 1, 1], [0, -1, 0], [0, 0, 0]])


@pytest.fixture
def states():
    return np.random.default_rng(0).integers(-1, 2, (40, 5))


@pytest.mark.parametrize('block', [1, 7, 4096])
def test_counts_are_those_of_a_loop(states, block, monkeypatch):
    monkeypatch.setattr(graph_module, '_BLOCK', block)
    graph = count_label_graph('abcde', states)
    probabilities = graph.probabilities()
    for i in range(5):
        with_i = [row for row in states if row[i] == 1]
        assert graph.counts[i] == len(with_i)
        for j in range(5):
            known = [row[j] for row in with_i if row[j] != -1]
            assert graph.known[i, j] == len(known)
            both = 0 if i == j else known.count(1)
            assert graph.cooccurrence[i, j] == both
            assert probabilities[i, j] == both / len(known)


def test_a_label_with_itself_counts_its_pictures():
    both, known = count_pairs(STATES)
    assert both.diagonal().tolist() == known.diagonal().tolist() == [3, 2, 1]
    graph = count_label_graph(NAMES, STATES)
    assert graph.cooccurrence.diagonal().tolist() == [0, 0, 0]
    assert graph.known.diagonal().tolist() == [3, 2, 1]


def test_many_pictures_take_the_memory_of_some():
    states = np.ones((100_000, 50), np.int8)
    tracemalloc.start()
    both, known = count_pairs(states)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert both[3, 7] == known[3, 7] == 100_000
    assert peak < states.nbytes  # 16 times that, where all are counted at once


def test_unknown_labels_do_not_lower_a_probability():
    probabilities = count_label_graph(NAMES, STATES).probabilities()
    assert probabilities[0].tolist() == [0, 2 / 3, 1 / 2]  # one of three is unknown


def test_a_label_without_a_picture_points_nowhere():
    graph = count_label_graph(NAMES, np.array([[1, 0, 0], [1, 1, 0]]))
    assert graph.probabilities()[2].tolist() == [0, 0, 0]


def test_states_must_have_a_column_for_each_name():
    with pytest.raises(ValueError, match=r'\(5, 3\).*a column for each of 2 names'):
        count_label_graph(NAMES[:2], STATES)


@pytest.mark.parametrize('ending', ['npz', 'safetensors'])
def test_a_file_is_read_by_name_in_any_order(tmp_path, ending):
    file, graph = tmp_path / f'graph.{ending}', count_label_graph(NAMES, STATES)
    write_label_graph(file, graph)
    for ours, theirs in zip(read_label_graph(file, NAMES), graph, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    order = [2, 0]
    found = read_label_graph(file, [NAMES[i] for i in order])
    np.testing.assert_array_equal(found.counts, graph.counts[order])
    for field in ('cooccurrence', 'known'):
        expected = getattr(graph, field)[order][:, order]
        np.testing.assert_array_equal(getattr(found, field), expected)


@pytest.mark.parametrize(
    ('name', 'classes', 'pair', 'expected'),
    [
        ('coco80', COCO_CLASSES, ('baseball bat', 'baseball glove'), 0.6),
        ('voc20', VOC_CLASSES, ('dining table', 'chair'), 0.45),
    ],
)
def test_real_counts(shared_data, name, classes, pair, expected):
    graph = read_label_graph(shared_data / 'label_vectors' / f'{name}.npz', classes)
    assert (graph.cooccurrence == graph.cooccurrence.T).all()
    assert graph.counts.argmax() == classes.index('person')
    i, j = (classes.index(label) for label in pair)
    assert graph.probabilities()[i, j] > expected


def broken(**changes):
    whole = dict(names=NAMES, counts=[3, 2, 1], cooccurrence=np.ones((3, 3), int))
    kept = {k: v for k, v in {**whole, **changes}.items() if v is not None}
    return {k: np.asarray(v) for k, v in kept.items()}


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (
            dict(names=None),
            r'does not name its labels; make one with tools/data',
        ),
        (dict(counts=None), r"has 0 arrays whose names end with 'counts' \(coocc"),
        (dict(old_counts=[1, 1, 1]), r"has 2 arrays whose names end with 'counts'"),
        (dict(counts=[1, 2]), r'counts has the shape \(2,\), and must have \(3,\)'),
        (dict(counts=[1, 2.5, 3]), r'counts must hold numbers of pictures'),
        (dict(counts=[1, -2, 3]), r'counts must hold numbers of pictures'),
        (dict(cooccurrence=9 * np.ones((3, 3))), r'together more often than one of'),
        (dict(names=['cat', 'dog', 'see']), r"no row for the label 'sea'; .*'see'"),
    ],
    ids=str,
)
def test_a_file_that_is_no_graph_is_refused(tmp_path, changes, message):
    np.savez(tmp_path / 'graph.npz', **broken(**changes))
    with pytest.raises(ValueError, match=message):
        read_label_graph(tmp_path / 'graph.npz', NAMES)


def test_a_missing_file_says_how_to_make_one(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'a\.npz does not exist; make one'):
        read_label_graph(tmp_path / 'a.npz', NAMES)
