import copy
import math

import pytest
import torch
from mmengine.model import BaseModule
from torch.nn.functional import layer_norm, silu, softplus

from mvlr_mm.models.layers.mamba import MambaBlock


def run_by_step(block, x):
    """The block's formulas token by token, for one sequence (L, D)."""
    inner, width = block.conv.weight.shape[0], block.conv.weight.shape[-1]
    rank, n = block.dt_proj.weight.shape[1], block.A_log.shape[1]
    A = -block.A_log.exp()
    window = x.new_zeros(width, inner)
    state = x.new_zeros(inner, n)
    out = []
    for token in x:
        normed = layer_norm(
            token, token.shape, block.norm.weight, block.norm.bias, block.norm.eps
        )
        window = torch.cat([window[1:], (block.in_x.weight @ normed)[None]])
        kernel = block.conv.weight[:, 0].T  # (width, inner), the newest step last
        u = silu((window * kernel).sum(0) + block.conv.bias)
        mixed = block.x_proj.weight @ u
        dt, B, C = mixed[:rank], mixed[rank : rank + n], mixed[rank + n :]
        step = softplus(block.dt_proj.weight @ dt + block.dt_bias)[:, None]
        state = torch.exp(step * A) * state + step * B * u[:, None]
        y = state @ C + block.D * u
        y = y * silu(block.in_z.weight @ normed)
        out.append(token + block.out_proj.weight @ y)
    return torch.stack(out)


def make_block(**options):
    torch.manual_seed(0)
    return MambaBlock(**{'embed_dim': 12, 'state_dim': 4, **options})


@pytest.mark.parametrize(
    'options',
    [{}, {'expand': 2}, {'conv_width': 1}, {'dt_rank': 3, 'state_dim': 1}],
    ids=str,
)
def test_values_and_gradients_equal_the_formulas_step_by_step(options):
    block = make_block(**options).double()
    torch.nn.init.normal_(block.norm.bias)
    x = torch.randn(2, 9, 12, dtype=torch.float64, requires_grad=True)
    y, want = block(x), torch.stack([run_by_step(block, seq) for seq in x])
    torch.testing.assert_close(y, want)
    inputs = [x, *block.parameters()]
    weight = torch.randn_like(y)
    torch.testing.assert_close(
        torch.autograd.grad((y * weight).sum(), inputs),
        torch.autograd.grad((want * weight).sum(), inputs),
    )


def test_a_token_sees_itself_and_those_before_it_only():
    block = make_block().double()
    x = torch.randn(1, 8, 12, dtype=torch.float64)
    changed = x.clone()
    changed[:, 5, 0] += 1  # a shift of all would vanish in the norm
    difference = (block(changed) - block(x)).abs().sum(dim=-1)[0]
    assert not difference[:5].any()
    assert difference[5:].all()


def test_zero_init_is_the_identity_that_can_learn():
    block, x = make_block(zero_init=True), torch.randn(2, 5, 12)
    assert torch.equal(block(x), x)
    block(x).square().sum().backward()
    assert block.out_proj.weight.grad.any()


def test_size_of_the_published_model():
    parameters = sum(p.numel() for p in MambaBlock(512).parameters())
    assert parameters == 848_384


def test_state_space_parameters_start_as_in_mamba():
    block = make_block(embed_dim=256, state_dim=4)
    steps = softplus(block.dt_bias)
    assert 1e-3 - 1e-6 < steps.min() < 2e-3
    assert 5e-2 < steps.max() < 1e-1 + 1e-6
    # even on a logarithmic scale, so about half lie below the geometric mean
    assert 0.4 < (steps < 1e-2).float().mean() < 0.6
    torch.testing.assert_close(block.A_log.exp(), torch.arange(1.0, 5.0).expand(256, 4))
    assert (block.D == 1).all()
    assert block.dt_proj.weight.abs().max() <= 16**-0.5


def test_no_init_cfg_above_resets_what_mamba_chose():
    class Model(BaseModule):
        def __init__(self):
            super().__init__(dict(type='Constant', layer=['Linear', 'Conv1d'], val=7.0))
            self.block = make_block(zero_init=True)

    model = Model()
    before = copy.deepcopy(model.block.state_dict())
    model.init_weights()
    after = model.block.state_dict()
    assert (after['in_x.weight'] == 7).all()  # the rest is the config's to choose
    for name in ('A_log', 'D', 'dt_bias', 'dt_proj.weight', 'out_proj.weight'):
        assert torch.equal(before[name], after[name]), name


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_the_state_space_parameters_stay_in_float32(dtype):
    block = make_block()
    exact = copy.deepcopy(block.state_dict())
    block.to(dtype)
    for name in ('A_log', 'D', 'dt_bias'):
        assert torch.equal(block.state_dict()[name], exact[name]), name
    assert block.in_x.weight.dtype == dtype
    x = torch.randn(2, 6, 12)
    y = block(x.to(dtype))
    assert y.dtype == dtype
    block.float().load_state_dict(exact)
    torch.testing.assert_close(y.float(), block(x), rtol=0.1, atol=0.1)


def test_a_cast_keeps_the_parameter_that_an_optimizer_holds():
    block = make_block()
    held = block.A_log
    block.bfloat16()
    assert block.A_log is held


def test_bf16_autocast_trains():
    block, x = make_block(), torch.randn(2, 6, 12)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        y = block(x)
    y.square().sum().backward()
    assert all(p.grad.isfinite().all() for p in block.parameters())
    torch.testing.assert_close(y.float(), block(x), rtol=0.1, atol=0.1)


def test_the_rank_of_the_steps_is_rounded_up():
    assert MambaBlock(20).dt_proj.weight.shape[1] == math.ceil(20 / 16)


@pytest.mark.parametrize(
    ('name', 'value'),
    [('state_dim', 0), ('conv_width', 0), ('dt_rank', 0), ('embed_dim', 0)],
)
def test_a_size_below_one_is_named(name, value):
    with pytest.raises(ValueError, match=rf'{name} \({value}\) must be a whole'):
        make_block(**{name: value})


def test_expand_that_leaves_no_channel_is_named():
    with pytest.raises(ValueError, match=r'expand \* embed_dim \(0\)'):
        make_block(expand=0.01)


def test_an_unknown_backend_is_refused_when_building():
    with pytest.raises(ValueError, match="'cuda' does not exist"):
        make_block(scan_backend='cuda')


@pytest.mark.parametrize('backend', ['torch', 'reference'])
def test_a_graph_has_no_operator_of_another_backend(backend):
    block, x = MambaBlock(8, scan_backend=backend).eval(), torch.randn(2, 5, 8)
    program = torch.export.export(block, (x,), strict=False)
    ours = {str(n.target) for n in program.graph.nodes if 'mvlr_mm' in str(n.target)}
    assert ours == ({'mvlr_mm.scan_torch.default'} if backend == 'torch' else set())
    torch.testing.assert_close(program.module()(x), block(x))
