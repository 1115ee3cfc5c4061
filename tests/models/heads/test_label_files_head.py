import numpy as np
import pytest
import torch
from mmpretrain.structures import DataSample
from torch import nn

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
    with pytest.raises(ValueError, match=r'Head has no (label_vectors|graph): give'):
        lose(empty)
    empty.load_state_dict(trained.state_dict())
    torch.testing.assert_close(empty(FEATS), trained(FEATS)[:, [1, 2, 0]])
    assert lose(empty).isfinite()


def test_files_need_the_names(file):
    with pytest.raises(ValueError, match=r'Head reads .*\.npz by the names of its lab'):
        Head(file, num_classes=3)


def test_a_missing_label_is_named(file):
    with pytest.raises(ValueError, match=r"no vector for the label 'cow'"):
        Head(file, file, 'mine', classes=('cow',))
