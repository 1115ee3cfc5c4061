import pytest
import torch
from mmengine.analysis import FlopAnalyzer
from torch import nn

from mvlr_mm.models.layers.mamba import MambaBlock
from mvlr_mm.models.layers.two_passes import ORDERS, plain_passes, shared_passes


def sequences(former, latter, width, dtype=torch.float64):
    generator = torch.Generator().manual_seed(1)
    return [
        torch.randn(2, n, width, generator=generator, dtype=dtype).requires_grad_()
        for n in (former, latter)
    ]


@pytest.mark.parametrize('order', ORDERS)
@pytest.mark.parametrize('conv_width', [1, 4])
# shorter than the convolution, too
@pytest.mark.parametrize(('former', 'latter'), [(6, 5), (1, 2), (2, 1)])
def test_shared_equals_plain(order, conv_width, former, latter):
    torch.manual_seed(0)
    block = MambaBlock(8, state_dim=3, conv_width=conv_width).double()
    parts = sequences(former, latter, 8)
    plain = plain_passes(block, *parts, order)
    shared = shared_passes(block, *parts, order)
    torch.testing.assert_close(shared, plain)
    inputs = [*parts, *block.parameters()]
    torch.testing.assert_close(
        torch.autograd.grad(shared.sin().sum(), inputs),
        torch.autograd.grad(plain.sin().sum(), inputs),
    )


@pytest.mark.parametrize('order', ORDERS)
def test_difference_in_float32_at_the_size_of_448_px(order):
    torch.manual_seed(0)
    block = MambaBlock(512)
    parts = sequences(196, 80, 512, torch.float32)
    with torch.no_grad():
        plain = plain_passes(block, *parts, order)
        shared = shared_passes(block, *parts, order)
    assert (shared - plain).abs().max() < 1e-5


class Both(nn.Module):
    """The two blocks of QMVL on X and T."""

    def __init__(self, passes, order):
        super().__init__()
        self.passes, self.order = passes, order
        self.linguistic, self.visual = MambaBlock(512), MambaBlock(512)

    def forward(self, x, t):
        return (
            self.passes(self.linguistic, x, t, self.order),
            self.passes(self.visual, t, x, self.order),
        )


def multiply_adds(passes, order):
    parts = (torch.randn(1, 196, 512), torch.randn(1, 80, 512))
    counter = FlopAnalyzer(Both(passes, order), parts)
    counter.unsupported_ops_warnings(False)
    return counter.total() / 1e9


@pytest.mark.parametrize(
    ('order', 'limit'),
    [('F', 0.34), ('P-FB-S2', 0.34), ('P-FB-S1', 0.36), ('O-FB', 0.36)],
)
def test_cost_at_448_px_with_80_labels(order, limit):
    assert multiply_adds(shared_passes, order) < limit
    assert multiply_adds(plain_passes, order) > (0.46 if order == 'F' else 0.92)
