import warnings

import pytest
import torch
import torch.nn.functional as F
from torch import func
from torch.autograd import forward_ad
from torch.utils.checkpoint import checkpoint
from torch.utils.flop_counter import FlopCounterMode

from mvlr_mm.ops import linear, onednn_linear, uses_onednn, without_onednn
from mvlr_mm.ops.onednn_linear import prefers_onednn

CPUINFO = 'processor : 0\nvendor_id : {}\ncpu family\t: {}\nflags : avx512f\n'


def draw(*shape):
    return torch.randn(shape).requires_grad_()


def strided(*shape):
    return torch.randn(*shape[:-1], 2 * shape[-1])[..., ::2].requires_grad_()


def transposed(*shape):
    return torch.randn(*shape[:-2], shape[-1], shape[-2]).mT.requires_grad_()


def expanded(*shape):
    return torch.randn(shape[-1]).expand(shape).requires_grad_()


def gradients(function, inputs, weights):
    wanted = [t for t in inputs if t is not None and t.requires_grad]
    out = function(*inputs)
    return [out, *torch.autograd.grad((out * weights).sum(), wanted)]


@pytest.mark.parametrize('shape', [(7, 5), (2, 7, 5), (2, 3, 7, 5)])
@pytest.mark.parametrize('make', [draw, strided, transposed, expanded])
@pytest.mark.parametrize('frozen', ['', 'x', 'weight', 'x and weight', 'bias'])
def test_values_and_gradients_are_torchs(onednn, shape, make, frozen):
    torch.manual_seed(0)
    named = dict(x=make(*shape), weight=make(6, 5), bias=strided(6))
    inputs = [t.detach() if name in frozen else t for name, t in named.items()]
    weights = torch.randn(*shape[:-1], 6)
    found = gradients(linear, inputs, weights)
    assert len(onednn) == 3 - (frozen.count('x') + frozen.count('weight'))
    exact = [t.detach().double().requires_grad_(t.requires_grad) for t in inputs]
    for a, b in zip(found, gradients(F.linear, exact, weights), strict=True):
        assert a.dtype == torch.float32
        torch.testing.assert_close(a, b.float(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(('rows', 'into', 'out'), [(9, 3, 8), (9, 8, 3)])
def test_a_weights_gradient_copies_the_narrower_one(onednn, rows, into, out):
    inputs = draw(rows, into), draw(out, into), draw(out)
    weights = torch.randn(rows, out)
    found, wanted = (gradients(f, inputs, weights) for f in (linear, F.linear))
    for a, b in zip(found, wanted, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-5)
    assert onednn[-1] == (min(into, out), rows)


def test_a_bias_may_be_left_out_and_a_gradient_expanded(onednn):
    inputs = draw(7, 5), draw(6, 5)
    found = torch.autograd.grad(linear(*inputs).sum(), inputs)
    assert len(onednn) == 3
    for a, b in zip(
        found, torch.autograd.grad(F.linear(*inputs).sum(), inputs), strict=True
    ):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize('shape', [(7, 5), (2, 7, 5)])
def test_what_comes_out_may_be_changed_in_place(onednn, shape):
    x, weight = draw(*shape), draw(6, 5)
    found = torch.autograd.grad(linear(x, weight).relu_().sum(), (x, weight))
    wanted = torch.autograd.grad(F.linear(x, weight).relu().sum(), (x, weight))
    for a, b in zip(found, wanted, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-5)


def test_gradients_of_gradients(onednn):
    torch.manual_seed(0)

    def second(function, x, weight, bias):
        (first,) = torch.autograd.grad(
            function(x, weight, bias).pow(3).sum(), x, create_graph=True
        )
        return torch.autograd.grad(first.square().sum(), (x, weight, bias))

    inputs = draw(7, 5), draw(6, 5), draw(6)
    exact = [t.detach().double().requires_grad_() for t in inputs]
    for a, b in zip(second(linear, *inputs), second(F.linear, *exact), strict=True):
        # sums of large terms that may cancel, as in torch's own product
        largest = float(b.abs().max())
        torch.testing.assert_close(a, b.float(), rtol=0, atol=1e-6 * largest)


def test_a_frozen_weight_keeps_no_input(onednn):
    kept = []
    hooks = torch.autograd.graph.saved_tensors_hooks(
        lambda t: kept.append(t.shape) or t, lambda t: t
    )
    with hooks:
        linear(draw(7, 5), torch.randn(6, 5))
    assert kept == [(6, 5)]


@pytest.mark.parametrize('reentrant', [True, False])
def test_a_part_is_computed_again_in_the_backward(onednn, reentrant):
    inputs = draw(7, 5), draw(6, 5), draw(6)
    checkpoint(linear, *inputs, use_reentrant=reentrant).sum().backward()
    wanted = torch.autograd.grad(F.linear(*inputs).sum(), inputs)
    for t, b in zip(inputs, wanted, strict=True):
        torch.testing.assert_close(t.grad, b, rtol=1e-5, atol=1e-5)
    assert len(onednn) == 4


def test_no_grad_and_inference_mode(onednn):
    inputs = draw(7, 5), draw(6, 5), draw(6)
    for mode in (torch.no_grad, torch.inference_mode):
        with mode():
            torch.testing.assert_close(linear(*inputs), F.linear(*inputs))
    assert len(onednn) == 2


def test_what_is_left_to_torch(onednn, monkeypatch):
    x, weight, bias = torch.randn(7, 5), torch.randn(6, 5), torch.randn(6)
    assert prefers_onednn(x, weight, bias)

    assert linear(x[0], weight, bias).shape == (6,)
    assert linear(x[:0], weight, bias).shape == (0, 6)
    assert linear(x[:, :0], weight[:, :0], bias).shape == (7, 6)
    assert linear(x.double(), weight.double(), bias.double()).dtype == torch.float64
    assert linear(x.bfloat16(), weight.bfloat16()).dtype == torch.bfloat16
    assert linear(x.to('meta'), weight.to('meta')).device.type == 'meta'
    assert linear(x.to_sparse(), weight).shape == (7, 6)
    assert linear(x, weight, bias[:1]).shape == (7, 6)
    with torch.autocast('cpu', torch.bfloat16):
        assert linear(x, weight, bias).dtype == torch.bfloat16
    with pytest.raises(RuntimeError, match='shapes cannot be multiplied'):
        linear(x, weight[:, :4], bias)
    for off in (without_onednn(), torch.backends.mkldnn.flags(enabled=False)):
        with off:
            linear(x, weight, bias)
    monkeypatch.setattr(onednn_linear, '_LEAST_WORK', 7 * 5 * 6 + 1)
    linear(x, weight, bias)
    assert onednn == []


def test_derivatives_that_an_own_gradient_cannot_give(onednn):
    x, weight, bias = torch.randn(7, 5), torch.randn(6, 5), torch.randn(6)
    tangent = torch.ones_like(x)
    _, found = func.jvp(lambda x: linear(x, weight, bias), (x,), (tangent,))
    torch.testing.assert_close(found, F.linear(tangent, weight))
    with forward_ad.dual_level():
        out = linear(forward_ad.make_dual(x, tangent), weight, bias)
        torch.testing.assert_close(forward_ad.unpack_dual(out).tangent, found)
    rows = func.vmap(linear, (0, None, None))(x[:, None].expand(7, 2, 5), weight, bias)
    torch.testing.assert_close(rows[:, 0], F.linear(x, weight, bias))
    assert onednn == []


def test_graphs_and_counters_see_torchs_own_product(onednn):
    x, weight, bias = torch.randn(7, 5), torch.randn(6, 5), torch.randn(6)
    traced = torch.jit.trace(linear, (x, weight, bias), check_trace=False)
    assert 'aten::linear' in str(traced.graph)
    compiled = torch.compile(linear, backend='eager', fullgraph=True)
    torch.testing.assert_close(compiled(x, weight, bias), F.linear(x, weight, bias))
    with FlopCounterMode(display=False) as counter:
        linear(x, weight, bias)
    assert counter.get_total_flops() == 2 * 7 * 5 * 6
    assert onednn == []


@pytest.mark.parametrize(
    ('vendor', 'family', 'capability', 'faster'),
    [
        ('AuthenticAMD', 26, 'AVX512', True),
        ('AuthenticAMD', 27, 'AVX512', True),
        ('AuthenticAMD', 25, 'AVX512', False),
        ('AuthenticAMD', 26, 'AVX2', False),
        ('GenuineIntel', 26, 'AVX512', False),
        ('AuthenticAMD', 'unknown', 'AVX512', False),
    ],
)
def test_the_rule(monkeypatch, tmp_path, vendor, family, capability, faster):
    cpuinfo = tmp_path / 'cpuinfo'
    cpuinfo.write_text(CPUINFO.format(vendor, family) * 2)
    monkeypatch.setattr(onednn_linear, '_CPUINFO', cpuinfo)
    monkeypatch.setattr(torch.backends.cpu, 'get_cpu_capability', lambda: capability)
    assert onednn_linear._is_faster_here() is faster
    monkeypatch.setattr(onednn_linear, '_CPUINFO', tmp_path / 'none')
    assert not onednn_linear._is_faster_here()


def test_the_environment_leaves_it_out(onednn, monkeypatch):
    monkeypatch.undo()
    monkeypatch.setattr(onednn_linear, '_is_faster_here', lambda: True)
    decide = onednn_linear._decided.__wrapped__
    assert decide()
    monkeypatch.setenv('MVLR_ONEDNN', '0')
    assert not decide()


def test_an_operator_that_fails_is_left_out_with_one_warning(onednn, monkeypatch):
    def fail(*inputs):
        raise RuntimeError('no such primitive')

    monkeypatch.setattr(onednn_linear, '_operator', fail)
    inputs = draw(7, 5), draw(6, 5), draw(6)
    with pytest.warns(RuntimeWarning, match=r'\(7, 5\) by \(6, 5\).*no such primi'):
        found = linear(*inputs)
    torch.testing.assert_close(found, F.linear(*inputs))
    assert not uses_onednn()
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        linear(*inputs)


def test_an_operator_that_is_wrong_is_found(onednn, monkeypatch):
    find = onednn_linear.find_onednn_problem.__wrapped__
    with torch.autocast('cpu', torch.bfloat16), torch.inference_mode():
        assert find() is None
    monkeypatch.setattr(onednn_linear, '_operator', lambda x, w, b: F.linear(x, w))
    assert 'differs from the reference' in find()
