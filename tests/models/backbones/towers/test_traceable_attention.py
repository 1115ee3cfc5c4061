import torch
from torch import nn
from torch.export import Dim, export

from mvlr_mm.models.backbones.towers.traceable_attention import (
    TraceableAttention,
    make_traceable,
)


class Wrapped(nn.Module):
    def __init__(self, attention):
        super().__init__()
        self.attention = attention

    def forward(self, x):
        return self.attention(x, x, x, need_weights=False)[0]


def test_a_graph_of_any_batch_and_length_has_the_same_values():
    torch.manual_seed(0)
    model = Wrapped(nn.MultiheadAttention(16, 4, batch_first=True)).eval()
    nn.init.normal_(model.attention.in_proj_bias)
    names = list(model.state_dict())
    expected = {shape: model(torch.ones(*shape, 16)) for shape in ((1, 9), (3, 4))}
    make_traceable(model)
    assert type(model.attention) is TraceableAttention
    assert list(model.state_dict()) == names
    sizes = {0: Dim('batch', max=64), 1: Dim('length', max=64)}
    example = torch.randn(2, 7, 16)
    graph = export(model, (example,), dynamic_shapes=(sizes,), strict=False).module()
    for shape, wanted in expected.items():
        torch.testing.assert_close(graph(torch.ones(*shape, 16)), wanted)
        x = torch.randn(*shape, 16)
        torch.testing.assert_close(graph(x), model(x))
