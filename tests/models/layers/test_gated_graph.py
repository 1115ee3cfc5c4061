import pytest
import torch

from mvlr_mm.models.layers.gated_graph import GatedGraph


def by_hand(layer, nodes, adjacency):
    """Each node of each picture alone, as the equations have it."""
    dim = nodes.shape[-1]
    h = [list(picture) for picture in nodes]

    def gate(message, state, name):
        w, u = (getattr(layer, f'{name}_{part}') for part in ('message', 'state'))
        return w.weight @ message + w.bias + u.weight @ state + u.bias

    for _ in range(layer.num_steps):
        new = []
        for picture in h:
            row = []
            for c, own in enumerate(picture):
                into, out = torch.zeros(dim), torch.zeros(dim)
                for other, state in enumerate(picture):
                    into = into + adjacency[c, other] * state
                    out = out + adjacency[other, c] * state
                a = torch.cat([into, out])
                z = torch.sigmoid(gate(a, own, 'update'))
                r = torch.sigmoid(gate(a, own, 'reset'))
                candidate = torch.tanh(gate(a, r * own, 'new'))
                row.append((1 - z) * own + z * candidate)
            new.append(row)
        h = new
    return torch.stack([torch.stack(row) for row in h])


def test_is_the_equations():
    torch.manual_seed(0)
    layer = GatedGraph(4, num_steps=2)
    nodes, adjacency = torch.randn(2, 3, 4, requires_grad=True), torch.rand(3, 3)
    ours, theirs = layer(nodes, adjacency), by_hand(layer, nodes, adjacency)
    torch.testing.assert_close(ours, theirs)
    inputs = [nodes, *layer.parameters()]
    gradients = [torch.autograd.grad(x.square().sum(), inputs) for x in (ours, theirs)]
    for a, b in zip(*gradients, strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-4)
        assert a.any()


def test_each_picture_may_have_a_graph_of_its_own():
    torch.manual_seed(0)
    layer, nodes, graphs = (
        GatedGraph(4, num_steps=3),
        torch.randn(2, 3, 4),
        torch.rand(2, 3, 3),
    )
    for i in range(2):
        alone = layer(nodes[i : i + 1], graphs[i])
        torch.testing.assert_close(layer(nodes, graphs)[i], alone[0])


def test_refuses_no_step():
    with pytest.raises(ValueError, match=r'num_steps \(0\) must be a whole number'):
        GatedGraph(4, 0)
