import subprocess
import sys
import warnings

import pytest
import torch
from torch import nn
from torch.utils import cpp_extension

from mvlr_mm.ops import selective_scan, selective_scan_ref
from mvlr_mm.ops.selective_scan import dispatch
from mvlr_mm.ops.selective_scan.native_load import find_native_problem
from mvlr_mm.ops.selective_scan.native_scan import (
    selective_scan_native,
    supports_native,
)

FORMS = {
    'shared': lambda channels, state, length: (2, state, length),
    'constant': lambda channels, state, length: (channels, state),
    'grouped': lambda channels, state, length: (2, 2, state, length),
    'three groups': lambda channels, state, length: (2, 3, state, length),
}


def draw(channels=24, state=16, length=20, b='shared', c='shared'):
    """Every argument of the scan, all wanting a gradient."""
    generator = torch.Generator().manual_seed(length)

    def normal(*shape):
        return torch.randn(shape, generator=generator)

    sizes = (channels, state, length)
    inputs = {
        'u': normal(2, channels, length),
        'delta': normal(2, channels, length),
        'A': -normal(channels, state).exp(),
        'B': normal(*FORMS[b](*sizes)),
        'C': normal(*FORMS[c](*sizes)),
        'D': normal(channels),
        'z': normal(2, channels, length),
        'delta_bias': normal(channels),
        'initial_state': normal(2, channels, state),
    }
    return {name: value.requires_grad_() for name, value in inputs.items()}


def run_with_gradients(scan, inputs, **options):
    y, last = scan(**inputs, delta_softplus=True, return_last_state=True, **options)
    # linear, so that no rounding of y comes back larger in the gradients
    weight = torch.linspace(-9, 9, y.numel(), dtype=torch.float64).sin().view_as(y)
    loss = (y * weight).sum() + (last * last.detach().sign()).sum()
    return y, last, torch.autograd.grad(loss, list(inputs.values()))


def assert_equals_the_reference(inputs):
    """Both in float32, held to the reference in float64."""
    exact = {k: v.detach().double().requires_grad_() for k, v in inputs.items()}
    want = run_with_gradients(selective_scan_ref, exact)
    y, last, gradients = run_with_gradients(selective_scan_native, inputs)
    for got, right in zip(
        (y, last, *gradients), (want[0], want[1], *want[2]), strict=True
    ):
        scale = right.abs().max().item()
        torch.testing.assert_close(
            got.double(), right, rtol=1e-4, atol=1e-5 * max(scale, 1)
        )


@pytest.mark.parametrize('length', [1, 2, 63, 276])
def test_every_length(built, length):
    assert_equals_the_reference(draw(5, 4, length))


@pytest.mark.parametrize('channels', [1, 5, 24, 300])
@pytest.mark.parametrize('state', [1, 3, 16, 20])
def test_every_width(built, channels, state):
    assert_equals_the_reference(draw(channels, state, 18))


@pytest.mark.parametrize('b', FORMS)
@pytest.mark.parametrize('c', FORMS)
def test_every_form_of_both_matrices(built, b, c):
    assert_equals_the_reference(draw(6, 4, 17, b, c))


def test_bare_call_needs_only_the_five_tensors(built):
    inputs = {name: draw()[name] for name in ('u', 'delta', 'A', 'B', 'C')}
    inputs['delta'] = inputs['delta'].abs()
    torch.testing.assert_close(
        selective_scan_native(**inputs), selective_scan_ref(**inputs)
    )


def test_the_layout_of_the_memory_does_not_matter(built):
    inputs = draw(40)
    turned = {
        name: value.detach().mT.contiguous().mT.requires_grad_()
        if value.dim() == 3
        else value
        for name, value in inputs.items()
    }
    torch.testing.assert_close(
        run_with_gradients(selective_scan_native, turned),
        run_with_gradients(selective_scan_native, inputs),
    )


def test_two_threads_give_the_same_bits(built):
    before, inputs = torch.get_num_threads(), draw(300)
    try:
        results = []
        for threads in (1, 2):
            torch.set_num_threads(threads)
            results.append(run_with_gradients(selective_scan_native, inputs))
    finally:
        torch.set_num_threads(before)
    torch.testing.assert_close(*results, rtol=0, atol=0)


def test_bf16_inputs_are_scanned_in_float32(built):
    rounded = {
        k: v.detach().bfloat16().requires_grad_() for k, v in draw(8, 4, 63).items()
    }
    widened = {k: v.detach().float().requires_grad_() for k, v in rounded.items()}
    y, last, gradients = run_with_gradients(selective_scan_native, rounded)
    want_y, want_last, _ = run_with_gradients(selective_scan_ref, widened)
    assert last.dtype == torch.float32
    torch.testing.assert_close(last, want_last, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(y, want_y.bfloat16(), rtol=1e-2, atol=1e-5)
    assert all(gradient.dtype == torch.bfloat16 for gradient in gradients)
    assert all(gradient.isfinite().all() for gradient in gradients)


@pytest.mark.parametrize('rate', [-3e38, -1e4, -90.0, 0.0])
def test_decays_at_the_ends_of_the_exponential(built, rate):
    inputs = draw(6, 4, 40)
    inputs['A'] = torch.full((6, 4), rate, requires_grad=True)
    assert_equals_the_reference(inputs)


def test_a_state_that_overflows_or_is_not_a_number_shows(built):
    inputs = {k: v.detach() for k, v in draw(1, 1, 1).items()}
    inputs['A'] = torch.full((1, 1), 1e4)
    inputs['delta_bias'] = torch.ones(1)
    for start in (inputs['initial_state'], inputs['initial_state'] * float('nan')):
        y = selective_scan_native(**inputs | {'initial_state': start})
        assert not y.isfinite().any()


def test_only_float32_arithmetic_is_supported():
    assert supports_native(torch.ones(1, dtype=torch.bfloat16), None, True)
    assert not supports_native(torch.ones(1, dtype=torch.float64), None, True)


def test_double_precision_runs_in_plain_torch(built):
    inputs = {k: v.detach().double() for k, v in draw(6, 4, 20).items()}
    got = selective_scan(**inputs, backend='native')
    assert got.dtype == torch.float64
    torch.testing.assert_close(got, selective_scan_ref(**inputs))


def test_it_can_be_traced(built):
    inputs = [v.detach() for v in draw(6, 4, 20).values()]
    inputs[1] = inputs[1].abs()
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # the tracer's, about sizes
        traced = torch.jit.trace(selective_scan, inputs[:5])
    torch.testing.assert_close(traced(*inputs[:5]), selective_scan_ref(*inputs[:5]))


def test_the_compiler_sees_one_graph_with_the_right_shapes(built):
    inputs = draw(6, 4, 20)
    compiled = torch.compile(selective_scan, fullgraph=True, backend='aot_eager')
    torch.testing.assert_close(
        run_with_gradients(compiled, inputs), run_with_gradients(selective_scan, inputs)
    )


def test_without_a_compiler_it_says_so_once_and_runs_in_plain_torch(
    monkeypatch, tmp_path
):
    def no_compiler(*args, **kwargs):
        raise RuntimeError('Ninja is required to load C++ extensions\nand more')

    monkeypatch.setenv('TORCH_EXTENSIONS_DIR', str(tmp_path))
    monkeypatch.setattr(cpp_extension, 'load', no_compiler)
    find_native_problem.cache_clear()
    dispatch._warn_about_slow_torch.cache_clear()
    inputs = draw(6, 4, 20)
    try:
        with pytest.warns(
            RuntimeWarning,
            match=r'plain torch.*\(Ninja is req.*\).*`pip install ninja`',
        ):
            got = selective_scan(**inputs)
        with warnings.catch_warnings():
            warnings.simplefilter('error')
            selective_scan(**inputs)
    finally:
        find_native_problem.cache_clear()
        dispatch._warn_about_slow_torch.cache_clear()
    torch.testing.assert_close(got, selective_scan_ref(**inputs), rtol=1e-4, atol=1e-4)


def as_operands(inputs):
    """What the operator itself takes: B and C with their groups."""
    u, delta, A, B, C, *rest = (v.detach().requires_grad_() for v in inputs.values())
    B, C = (m.detach()[:, None].requires_grad_() for m in (B, C))
    return (u, delta, A, B, C, *rest, True, 32)


def test_the_operator_keeps_what_torch_library_asks_of_one(built):
    torch.library.opcheck(
        torch.ops.mvlr_mm.scan_native.default,
        as_operands(draw(6, 4, 40)),
        rtol=1e-4,
        atol=1e-4,
    )


def test_the_backward_operator_keeps_it_too(built, assert_strides):
    u, *rest, initial_state, softplus, chunk = as_operands(draw(6, 4, 40))
    operands = [v.detach() for v in (u, *rest)]
    forward = torch.ops.mvlr_mm.scan_native.default
    y, last, starts = forward(*operands, initial_state.detach(), softplus, chunk)
    backward = torch.ops.mvlr_mm.scan_native_backward.default
    operands = (y.sin(), last.sin(), *operands, starts, softplus, chunk)
    tests = ('test_schema', 'test_faketensor')
    torch.library.opcheck(backward, operands, test_utils=tests)
    assert_strides(backward, *operands)


class Scan(nn.Module):
    def forward(self, u, delta, A, B, C, D, z):
        return selective_scan(u, delta, A, B, C, D, z, delta_softplus=True)


def test_it_can_be_exported_with_any_batch(built):
    inputs = tuple(v.detach() for v in draw(6, 4, 20).values())[:7]
    batch = torch.export.Dim('batch', min=2, max=8)
    shapes = tuple({0: batch} if v.dim() == 3 else None for v in inputs)
    with torch.no_grad():
        program = torch.export.export(Scan(), inputs, dynamic_shapes=shapes)
    targets = [str(node.target) for node in program.graph.nodes]
    assert 'mvlr_mm.scan_native.default' in targets
    more = tuple(torch.cat([v, v]) if v.dim() == 3 else v for v in inputs)
    torch.testing.assert_close(
        program.module()(*more), selective_scan_ref(*more, delta_softplus=True)
    )


def test_an_exported_program_loads_the_kernels_itself(built, tmp_path):
    inputs = tuple(v.detach() for v in draw(6, 4, 20).values())[:7]
    with torch.no_grad():
        program = torch.export.export(Scan(), inputs)
    torch.export.save(program, tmp_path / 'scan.pt2')
    torch.save((inputs, Scan()(*inputs)), tmp_path / 'values.pt')
    code = (
        'import sys, torch\n'
        'import mvlr_mm.ops\n'
        'program = torch.export.load(sys.argv[1])\n'
        'inputs, want = torch.load(sys.argv[2], weights_only=True)\n'
        'torch.testing.assert_close(program.module()(*inputs), want)\n'
    )
    paths = [str(tmp_path / name) for name in ('scan.pt2', 'values.pt')]
    done = subprocess.run(
        [sys.executable, '-c', code, *paths], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize('backend', ['native', 'torch'])
def test_a_second_gradient_is_refused(built, backend):
    inputs = draw(6, 4, 20)
    y = selective_scan(**inputs, backend=backend)
    (first,) = torch.autograd.grad(y.sin().sum(), inputs['u'], create_graph=True)
    with pytest.raises(RuntimeError, match='differentiated once'):
        first.sum().backward()


def test_extra_memory_is_at_most_five_times_the_input(built):
    inputs = draw(512, 16, 864)
    for name in ('u', 'delta', 'z'):  # as the maps of the model give them
        inputs[name] = inputs[name].detach().mT.contiguous().mT.requires_grad_()
    activity = [torch.profiler.ProfilerActivity.CPU]
    with torch.profiler.profile(activities=activity, profile_memory=True) as profile:
        y = selective_scan(**inputs, delta_softplus=True, backend='native')
        torch.autograd.grad(y.sum(), list(inputs.values()))
    held = peak = 0
    for event in profile.profiler.kineto_results.events():
        if event.name() == '[memory]':
            held += event.nbytes()
            peak = max(peak, held)
    assert 0 < peak <= 5 * inputs['u'].nbytes
