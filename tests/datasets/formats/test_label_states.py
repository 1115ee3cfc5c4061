import numpy as np

from mvlr_mm.datasets.formats.label_states import label_states


def test_three_states():
    states = label_states(5, [0, 3], [4, 1])
    assert states.dtype == np.int8
    assert states.tolist() == [1, -1, 0, 1, -1]


def test_nothing_known_to_be_there():
    assert label_states(2, [], []).tolist() == [0, 0]


def test_what_is_there_is_not_left_out():
    assert label_states(2, {1}, {0, 1}).tolist() == [-1, 1]
