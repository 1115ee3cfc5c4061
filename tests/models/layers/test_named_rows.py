from types import MappingProxyType

import pytest
import torch
from torch import nn

from mvlr_mm.engine.label_weights import label_weights
from mvlr_mm.models.layers.named_rows import NamedRows, match_vectors


class Rows(NamedRows):
    named_rows = ('vectors', 'fc.weight')

    def __init__(self, *classes):
        super().__init__()
        self.classes = classes or None
        self.register_buffer('vectors', torch.randn(3, 2))
        self.fc = nn.Linear(2, 3)
        self.shared = nn.Parameter(torch.randn(3))


class Whole(nn.Module):
    def __init__(self, *classes):
        super().__init__()
        self.rows = Rows(*classes)


@pytest.mark.parametrize('lost', ['nothing', 'metadata'])
def test_rows_are_taken_by_name(lost):
    ours, theirs = Whole('a', 'b', 'c'), Whole('c', 'a', 'b')
    state = theirs.state_dict()
    if lost == 'metadata':  # as through safetensors, or a comprehension
        state = {key: value.clone() for key, value in state.items()}
    ours.load_state_dict(state)
    index = [1, 2, 0]
    assert torch.equal(ours.rows.vectors, theirs.rows.vectors[index])
    assert torch.equal(ours.rows.fc.weight, theirs.rows.fc.weight[index])
    # in this order, since the bias was not named
    assert torch.equal(ours.rows.fc.bias, theirs.rows.fc.bias)
    assert torch.equal(ours.rows.shared, theirs.rows.shared)
    assert ours.rows.classes == ('a', 'b', 'c')


def test_other_labels_are_refused_also_without_strict():
    ours = Whole('a', 'b', 'c')
    for strict in (True, False):
        with pytest.raises(ValueError, match=r"rows: .*'d', .*'c'"):
            ours.load_state_dict(Whole('a', 'b', 'd').state_dict(), strict=strict)


def test_names_that_are_not_known_come_from_the_checkpoint():
    ours, theirs = Whole(), Whole('c', 'a', 'b')
    assert not [key for key in ours.state_dict() if 'record' in key]
    ours.load_state_dict(theirs.state_dict())
    assert ours.rows.classes == ('c', 'a', 'b')
    assert torch.equal(ours.rows.vectors, theirs.rows.vectors)


def test_a_state_dict_without_record_needs_the_same_number():
    ours = Whole('a', 'b', 'c')
    state = Whole().state_dict()
    ours.load_state_dict(state)
    state['rows.vectors'] = state['rows.vectors'][:2]
    with pytest.raises(ValueError, match=r"for 2 labels, the model has 3 \('a', \.\."):
        ours.load_state_dict(state)


def test_vectors_are_compared_beyond_rounding():
    own = torch.randn(3, 64, generator=torch.Generator().manual_seed(0))
    match_vectors(own.bfloat16(), own, 'abc', 'x.')
    with pytest.raises(ValueError, match=r"^x: .* vector 1 is not that of 'b' here"):
        match_vectors(own[[0, 2, 1]], own, 'abc', 'x.')


def test_a_state_dict_goes_through_functional_call():
    ours, theirs = Rows('a', 'b', 'c'), Rows('a', 'b', 'c')
    ours.forward = lambda: ours.vectors.sum()
    found = torch.func.functional_call(ours, theirs.state_dict(), ())
    assert found == theirs.vectors.sum()
    assert not hasattr(ours, 'label_record')


class Graph(Rows):
    named_axes = MappingProxyType({'graph': (0, 1), 'counts': (1, 2)})

    def __init__(self, *classes):
        super().__init__(*classes)
        self.register_buffer('graph', torch.randn(3, 3))
        self.register_buffer('counts', torch.randn(2, 3, 3))


def test_other_axes_of_labels_are_taken_by_name_as_well():
    ours, theirs = Graph('a', 'b', 'c'), Graph('c', 'a', 'b')
    ours.load_state_dict(theirs.state_dict())
    index = [1, 2, 0]
    assert torch.equal(ours.graph, theirs.graph[index][:, index])
    assert torch.equal(ours.counts, theirs.counts[:, index][:, :, index])
    assert torch.equal(ours.fc.weight, theirs.fc.weight[index])
    assert set(label_weights(ours)) == {
        *('vectors', 'fc.weight', 'graph', 'counts', 'label_record')
    }


def test_names_of_another_number_of_rows_are_not_taken():
    ours, theirs = Whole(), Whole('c', 'a', 'b', 'd')
    with torch.no_grad():
        theirs.rows.vectors = torch.randn(4, 2)
        theirs.rows.fc = nn.Linear(2, 4)
    with pytest.raises(RuntimeError, match='size mismatch'):
        ours.load_state_dict(theirs.state_dict())
    assert ours.rows.classes is None
    ours.load_state_dict(Whole('c', 'a', 'b').state_dict())
    assert ours.rows.classes == ('c', 'a', 'b')
