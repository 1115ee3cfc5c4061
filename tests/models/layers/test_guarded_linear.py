import torch
from mmengine.model import BaseModule
from torch import nn

from mvlr_mm.models.layers.guarded_linear import GuardedLinear


def test_it_is_a_linear_map():
    torch.manual_seed(0)
    layer, x = GuardedLinear(3, 2, bias=True), torch.randn(4, 5, 3)
    torch.testing.assert_close(layer(x), x @ layer.weight.T + layer.bias)


def test_it_starts_as_torch_starts_a_linear_map():
    torch.manual_seed(0)
    guarded = GuardedLinear(64, 64)
    torch.manual_seed(0)
    assert torch.equal(guarded.weight, nn.Linear(64, 64, bias=False).weight)


def test_zero_init_gives_nothing_but_passes_a_gradient_to_its_weight():
    layer, x = GuardedLinear(3, 2, bias=True, zero_init=True), torch.ones(1, 3)
    assert not layer(x).any()
    layer(x).sum().backward()
    assert layer.weight.grad.all()


def test_no_init_cfg_above_resets_it():
    class Model(BaseModule):
        def __init__(self):
            super().__init__(dict(type='Constant', layer='Linear', val=7.0))
            self.plain = nn.Linear(3, 2)
            self.guarded = GuardedLinear(3, 2, bias=True, zero_init=True)

    model = Model()
    model.init_weights()
    assert (model.plain.weight == 7).all()
    assert not model.guarded.weight.any()
