import numpy as np
import pytest
import torch
from mmpretrain.structures import DataSample
from torch import nn

from mvlr_mm.engine.fit_weights import fit_weights
from mvlr_mm.labels.graph import LabelGraph
from mvlr_mm.models.heads.label_files_head import LabelFilesHead
from mvlr_mm.structures import VLFeatures

NAMES = ('cat', 'dog', 'sea')
VECTORS = np.arange(6, dtype=np.float32).reshape(3, 2)
FEATS = VLFeatures(torch.ones(1, 4, 2), (2, 2))


class Head(LabelFilesHead):
    def __init__(self, vectors, graph=None, key=None, **kwargs):
        super().__init__(**kwargs)
        self.width = self.add_vectors(vectors, key)
        self.add_graph(graph, LabelGraph.probabilities)
        self.gain = nn.Parameter(torch.ones(1))

    def forward(self, feats):
        return self.gain * feats.visual.mean(1) @ (self.graph @ self.vectors).mT


@pytest.fixture
def file(tmp_path):
    path = tmp_path / 'labels.npz'
    counts, both = [2, 4, 1], [[0, 2, 1], [2, 0, 0], [1, 0, 0]]
    np.savez(path, names=NAMES, mine=VECTORS, counts=counts, cooccurrence=both)
    return str(path)


def lose(head):
    return head.loss(FEATS, [DataSample().set_gt_label([0])])['loss']


def test_files_are_read_by_the_names_of_the_labels(file):
    head = Head(file, file, 'mine', classes=('sea', 'cat'))
    assert head.width == 2
    assert head.vectors.tolist() == VECTORS[[2, 0]].tolist()
    assert head.graph.tolist() == [[0, 1], [0.5, 0]]
    assert lose(head).isfinite()
    assert [name for name, _ in head.named_parameters()] == ['gain']


def test_a_checkpoint_takes_the_place_of_the_files(file):
    trained = Head(file, file, 'mine', classes=NAMES)
    settings = trained.without_files()
    assert settings == dict(label_vectors=2, vectors_key=None, graph=None)
    empty = Head(settings['label_vectors'], classes=('dog', 'sea', 'cat'))
    for use in (lose, lambda head: head.predict(FEATS)):
        with pytest.raises(ValueError, match=r'Head has no (label_vectors|graph): gi'):
            use(empty)
    empty.load_state_dict(trained.state_dict())
    torch.testing.assert_close(empty(FEATS), trained(FEATS)[:, [1, 2, 0]])
    assert lose(empty).isfinite()


@pytest.mark.parametrize('allow', ['labels', 'missing'])
def test_what_a_model_keeps_of_its_own_fills_nothing(file, allow):
    trained = Head(file, file, 'mine', classes=NAMES)
    weights = trained.state_dict()
    if allow == 'missing':
        del weights['vectors'], weights['graph']
    empty = Head(2, classes=NAMES[: 2 if allow == 'labels' else 3])
    empty.load_state_dict(fit_weights(empty, weights, [allow]))
    for use in (lose, lambda head: head.predict(FEATS)):
        with pytest.raises(ValueError, match='Head has no graph: give'):
            use(empty)


def test_a_refused_checkpoint_fills_nothing(file):
    weights = Head(file, file, 'mine', classes=NAMES).state_dict()
    empty = Head(2, classes=NAMES)
    with pytest.raises(ValueError, match='1 are missing'):
        fit_weights(empty, {k: v for k, v in weights.items() if k != 'gain'})
    with pytest.raises(ValueError, match='Head has no graph: give'):
        lose(empty)


def test_a_graph_without_an_edge_is_a_graph(file, tmp_path):
    alone = tmp_path / 'alone.npz'
    np.savez(alone, names=NAMES, counts=[1, 1, 1], cooccurrence=np.zeros((3, 3), int))
    trained = Head(file, str(alone), 'mine', classes=NAMES)
    empty = Head(2, classes=NAMES)
    empty.load_state_dict(trained.state_dict())
    assert lose(empty).isfinite()
    assert empty.predict(FEATS)


def test_files_need_the_names(file):
    with pytest.raises(ValueError, match=r'Head reads .*\.npz by the names of its lab'):
        Head(file, num_classes=3)


def test_a_missing_label_is_named(file):
    with pytest.raises(ValueError, match=r"no vector for the label 'cow'"):
        Head(file, file, 'mine', classes=('cow',))
