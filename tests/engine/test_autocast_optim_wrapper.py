import torch
from mmpretrain.registry import OPTIM_WRAPPERS
from torch import nn


def test_forward_runs_in_bfloat16_and_weights_stay_float32():
    net = nn.Linear(4, 2)
    seen = []
    net.register_forward_hook(lambda _m, _i, out: seen.append(out.dtype))
    wrapper = OPTIM_WRAPPERS.build(
        dict(
            type='AutocastOptimWrapper',
            optimizer=torch.optim.SGD(net.parameters(), lr=0.1),
        )
    )
    before = net.weight.clone()
    with wrapper.optim_context(net):
        loss = net(torch.randn(3, 4)).float().sum()
    wrapper.update_params(loss)
    assert seen == [torch.bfloat16]
    assert net.weight.dtype == torch.float32
    assert not torch.equal(net.weight, before)
