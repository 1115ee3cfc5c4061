import numpy as np
import pytest
import torch
from mmpretrain.registry import MODELS

from mvlr_mm.labels.graph import LabelGraph, read_label_graph
from mvlr_mm.models.peers.ml_gcn import GraphConvolution, correlation_matrix


def build(file, classes=None, **more):
    return MODELS.build(
        dict(
            type='MLGCNHead',
            embed_dim=8,
            classes=classes or file.names,
            graph=file.path,
            label_vectors=file.path,
            vectors_key='glove',
            hidden_dim=5,
            **more,
        )
    )


def matrix_by_hand(probabilities, threshold, neighbours):
    """Eq. 7 and 8 entry by entry, then the symmetric norm of the code."""
    count = len(probabilities)
    edges = [[float(p >= threshold) for p in row] for row in probabilities.tolist()]
    a = np.eye(count)
    for i in range(count):
        for j in range(count):
            into = sum(edges[k][j] for k in range(count))
            if into:
                a[i][j] += edges[i][j] * neighbours / into
    d = [sum(row) ** -0.5 for row in a.tolist()]
    return [[d[i] * a[j][i] * d[j] for j in range(count)] for i in range(count)]


@pytest.mark.parametrize('threshold', [0.2, 0.4, 0.9])
def test_the_matrix_is_the_papers(label_file, threshold):
    graph = read_label_graph(label_file.path, label_file.names)
    found = correlation_matrix(graph, threshold)
    expected = matrix_by_hand(label_file.probabilities, threshold, 0.25)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert (found > 0).sum() > 3 or threshold == 0.9


def test_the_matrix_of_coco_has_the_edges_of_its_labels(shared_data):
    file = shared_data / 'label_vectors/coco80.npz'
    names = np.load(file)['names'].tolist()
    matrix = correlation_matrix(read_label_graph(file, names))
    person, bat, glove = (
        names.index(n) for n in ('person', 'baseball bat', 'baseball glove')
    )
    assert matrix[person, bat] > 0  # from the bat to the person, transposed
    assert matrix[glove, bat] > 0
    assert matrix[bat, person] == 0  # most persons have no bat
    assert (matrix.diagonal() > 0.5).all()


def test_is_two_graph_convolutions_and_a_product(label_file, patches):
    head = build(label_file)
    a, (w1, w2) = head.graph, (head.first.weight, head.second.weight)
    hidden = [
        sum(a[i, j] * label_file.vectors[j] for j in range(3)) @ w1 for i in (0, 1, 2)
    ]
    hidden = [torch.where(h > 0, h, 0.2 * h) for h in hidden]
    classifiers = [sum(a[i, j] * hidden[j] for j in range(3)) @ w2 for i in (0, 1, 2)]
    pooled = torch.stack([picture.max(0).values for picture in patches.visual])
    expected = torch.stack([pooled @ w for w in classifiers], dim=1)
    logits = head(patches)
    torch.testing.assert_close(logits, expected)
    inputs = [patches.visual, w1, w2]
    ours, theirs = (
        torch.autograd.grad(x.square().sum(), inputs) for x in (logits, expected)
    )
    for mine, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, other, atol=1e-5, rtol=1e-4)


def test_a_patch_alone_has_its_logit(label_file, patches):
    head = build(label_file)
    alone = patches._replace(visual=patches.visual[:, 5:6], grid=(1, 1))
    torch.testing.assert_close(head.patch_logits(patches)[:, 5], head(alone))


def test_one_picture_and_another_size_train(label_file, patches, train_once):
    head = build(label_file)
    train_once(head, patches)
    one = patches._replace(visual=torch.randn(1, 6, 8), grid=(2, 3))
    train_once(head, one, [(1,)])


def test_a_checkpoint_of_another_order_gives_the_same_scores(label_file, patches):
    trained = build(label_file)
    order = ('dining table', 'cat', 'dog')
    known = build(label_file, classes=order)
    known.load_state_dict(trained.state_dict())
    torch.testing.assert_close(known(patches), trained(patches)[:, [2, 0, 1]])
    torch.testing.assert_close(known.graph, build(label_file, classes=order).graph)


@pytest.mark.parametrize(
    ('name', 'value', 'rule'),
    [('threshold', 0, r'above 0 and at most 1'), ('neighbours', -1, r'at least 0')],
)
def test_numbers_out_of_range_are_refused(label_file, name, value, rule):
    with pytest.raises(
        ValueError, match=rf'{name} \({value}\) must be a finite number, {rule}'
    ):
        build(label_file, **{name: value})
    with pytest.raises(ValueError, match=rf'{name} \({value}\) must be a finite'):
        MODELS.build(
            dict(type='MLGCNHead', embed_dim=8, num_classes=3, graph=None,
                 label_vectors=4, **{name: value})
        )  # fmt: skip


def test_size_with_its_trunk_at_448_px(size_of):
    size = size_of('ml_gcn/ml_gcn_rn101_coco.py')
    assert size.parameters == pytest.approx(44.90, abs=0.005)
    assert size.multiply_adds == pytest.approx(31.4, abs=0.05)


def test_cost_at_448_px(cost):
    parameters, multiply_adds = cost(
        type='MLGCNHead', num_classes=80, graph=None, label_vectors=300
    )
    # layers of the official code: 300 -> 1024 -> 2048, no bias
    assert parameters == 300 * 1024 + 1024 * 2048
    maps, graphs = 80 * parameters, 80 * 80 * (1024 + 2048)
    assert multiply_adds == maps + graphs + 80 * 2048


def test_a_probability_that_equals_the_threshold_is_an_edge():
    both = np.array([[0, 2], [2, 0]])
    known = np.array([[5, 5], [8, 8]])  # P(1 | 0) = 2 / 5, P(0 | 1) = 2 / 8
    graph = LabelGraph(('a', 'b'), known.diagonal(), both, known)
    found = correlation_matrix(graph, threshold=0.4)
    expected = matrix_by_hand(graph.probabilities(), 0.4, 0.25)
    np.testing.assert_allclose(found, expected)
    assert found[1, 0] > 0
    assert found[0, 1] == 0


def test_labels_without_edges_keep_themselves():
    none = np.zeros((2, 2), int)
    alone = LabelGraph(('a', 'b'), np.array([3, 0]), none, none)
    np.testing.assert_array_equal(correlation_matrix(alone), np.eye(2))


def test_what_is_not_said_is_as_published(label_file):
    torch.manual_seed(0)
    head = build(label_file)
    graph = read_label_graph(label_file.path, label_file.names)
    expected = matrix_by_hand(label_file.probabilities, 0.4, 0.25)
    np.testing.assert_allclose(correlation_matrix(graph), expected, rtol=1e-6)
    np.testing.assert_allclose(head.graph, expected, rtol=1e-6)
    # a convolution begins in a range by the width that comes out
    weight = GraphConvolution(30, 400).weight
    assert 0.99 / 20 < weight.abs().max() <= 1 / 20
    assert weight.std().item() == pytest.approx(1 / 20 / 3**0.5, rel=0.03)
