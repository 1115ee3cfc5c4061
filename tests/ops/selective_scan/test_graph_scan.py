import pytest
import torch
from torch import nn
from torch.export import Dim

from mvlr_mm.ops import selective_scan, selective_scan_ref


class Scan(nn.Module):
    def forward(self, u, delta, A, B, C, D, z, bias, start):
        return selective_scan(
            u,
            delta,
            A,
            B,
            C,
            D=D,
            z=z,
            delta_bias=bias,
            delta_softplus=True,
            return_last_state=True,
            initial_state=start,
            backend='graph',
        )


def inputs(batch, length, groups):
    torch.manual_seed(0)
    channels, state = 6, 4
    of_group = {0: (channels, state), 1: (batch, state, length)}
    shape = of_group.get(groups, (batch, groups, state, length))
    return (
        torch.randn(batch, channels, length),
        torch.randn(batch, channels, length),
        -torch.rand(channels, state),
        torch.randn(shape),
        torch.randn(batch, state, length),
        torch.randn(channels),
        torch.randn(batch, channels, length),
        torch.randn(channels),
        torch.randn(batch, channels, state),
    )


@pytest.mark.parametrize('groups', [0, 1, 2])
def test_one_node_for_any_length_equals_the_reference(groups):
    batch, length = Dim('batch', max=64), Dim('length', max=4096)
    long = {0: batch, 2: length}
    b = {0: {}, 1: long}.get(groups, {0: batch, 3: length})
    sizes = (long, long, {}, b, long, {}, long, {}, {0: batch})
    program = torch.export.export(
        Scan(), inputs(3, 7, groups), dynamic_shapes=sizes, strict=False
    )
    names = [str(node.target) for node in program.graph.nodes]
    assert names.count('scan') == 1
    assert not [name for name in names if 'mvlr' in name]
    for shape in ((3, 7), (1, 1), (2, 40)):
        given = inputs(*shape, groups)
        u, delta, A, B, C, D, z, bias, start = given
        options = dict(D=D, z=z, delta_bias=bias, delta_softplus=True)
        expected = selective_scan_ref(
            u, delta, A, B, C, return_last_state=True, initial_state=start, **options
        )
        torch.testing.assert_close(program.module()(*given), expected)


def test_outside_of_a_graph_another_backend_computes():
    given = inputs(2, 5, 1)
    y, last = Scan()(*given)
    assert y.shape == (2, 6, 5)
    assert last.shape == (2, 6, 4)
