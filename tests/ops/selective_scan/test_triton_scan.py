"""The kernels run on a GPU, or without one in Triton's interpreter.

That is chosen before triton is imported: without a GPU the tests of the values are
skipped here and run by one of the last, in a process of their own.
"""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from mvlr_mm.ops import selective_scan, selective_scan_ref
from mvlr_mm.ops.selective_scan import scan_ops, triton_scan
from mvlr_mm.ops.selective_scan.kernel_check import check_kernel
from mvlr_mm.ops.selective_scan.triton_scan import (
    find_triton_problem,
    selective_scan_triton,
    supports_triton,
)

INTERPRETED = os.environ.get('TRITON_INTERPRET') == '1'
DEVICE = 'cpu' if INTERPRETED or not torch.cuda.is_available() else 'cuda'
needs_kernels = pytest.mark.skipif(
    DEVICE == 'cpu' and not INTERPRETED,
    reason="run by test_the_kernels_in_the_interpreter, with Triton's interpreter",
)
FORMS = {
    'shared': lambda channels, state, length: (2, state, length),
    'constant': lambda channels, state, length: (channels, state),
    'grouped': lambda channels, state, length: (2, 2, state, length),
}


def draw(channels=6, state=4, length=5, b='shared', c='shared', dtype=torch.float32):
    generator = torch.Generator().manual_seed(length)

    def normal(*shape):
        return torch.randn(shape, generator=generator).to(DEVICE, dtype)

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
    y, last = scan(**inputs, return_last_state=True, **options)
    weight = torch.linspace(-9, 9, y.numel(), dtype=torch.float64).sin()
    weight = weight.to(y.device).view_as(y)
    loss = (y * weight).sum() + last.sin().sum()
    return y, last, torch.autograd.grad(loss, list(inputs.values()))


def assert_equals_the_reference(inputs, **options):
    got = run_with_gradients(selective_scan_triton, inputs, **options)
    want = run_with_gradients(selective_scan_ref, inputs, **options)
    torch.testing.assert_close(got, want, rtol=1e-4, atol=1e-4)


@needs_kernels
@pytest.mark.parametrize('length', [1, 3, 35])
def test_every_length(length):
    assert_equals_the_reference(draw(5, 3, length), delta_softplus=True)


@needs_kernels
@pytest.mark.parametrize('programs', [1, 4, 2048])  # one walk, two, or one a chunk
def test_every_division_of_a_sequence(programs, monkeypatch):
    monkeypatch.setattr(triton_scan, '_PROGRAMS', programs)
    monkeypatch.setattr(scan_ops, 'choose_chunk', lambda length: 4)
    assert_equals_the_reference(draw(5, 3, length=9), delta_softplus=True)


@needs_kernels
@pytest.mark.parametrize(('channels', 'state'), [(3, 2), (0, 3), (0, 4)])
def test_more_channels_than_a_block(channels, state):
    channels += 2 * triton_scan._BLOCK  # with 4 states no load needs a mask
    assert_equals_the_reference(draw(channels, state), delta_softplus=True)


@needs_kernels
def test_no_images():
    inputs = draw()
    for name in ('u', 'delta', 'B', 'C', 'z', 'initial_state'):
        inputs[name] = inputs[name][:0]
    assert_equals_the_reference(inputs, delta_softplus=True)


@needs_kernels
def test_runs_of_images_have_weights_of_their_own(monkeypatch):
    monkeypatch.setattr(triton_scan, '_PROGRAMS', 8)  # several walks
    monkeypatch.setattr(scan_ops, 'choose_chunk', lambda length: 4)
    first = draw(length=9)
    second = {name: 1.3 * value.detach() for name, value in first.items()}
    both = {
        name: torch.cat([value, second[name]]).detach().requires_grad_()
        for name, value in first.items()
    }

    def apart(**inputs):
        options = {n: inputs.pop(n) for n in set(inputs) - set(first)}
        halves = {name: value.chunk(2) for name, value in inputs.items()}
        runs = [{n: half[i] for n, half in halves.items()} for i in (0, 1)]
        results = [selective_scan_ref(**run, **options) for run in runs]
        return tuple(map(torch.cat, zip(*results, strict=True)))

    got = run_with_gradients(selective_scan_triton, both, delta_softplus=True)
    want = run_with_gradients(apart, both, delta_softplus=True)
    torch.testing.assert_close(got, want, rtol=1e-4, atol=1e-4)


@needs_kernels
@pytest.mark.parametrize('b', FORMS)
@pytest.mark.parametrize('c', FORMS)
def test_every_form_of_both_matrices(b, c):
    assert_equals_the_reference(draw(b=b, c=c), delta_softplus=True)


@needs_kernels
def test_bare_call_needs_only_the_five_tensors():
    inputs = {name: draw()[name] for name in ('u', 'delta', 'A', 'B', 'C')}
    inputs['delta'] = inputs['delta'].detach().abs().requires_grad_()
    assert_equals_the_reference(inputs)


@needs_kernels
def test_the_layout_of_the_memory_does_not_matter():
    inputs = {
        name: value.detach().mT.contiguous().mT.requires_grad_()
        if value.dim() == 3
        else value
        for name, value in draw().items()
    }
    assert_equals_the_reference(inputs, delta_softplus=True)


@needs_kernels
def test_the_operator_keeps_what_torch_library_asks_of_one():
    inputs = [v.detach().requires_grad_() for v in draw().values()]
    inputs[3:5] = [m.detach()[:, None].requires_grad_() for m in inputs[3:5]]
    torch.library.opcheck(
        torch.ops.mvlr_mm.scan_triton.default, (*inputs, True, 32), rtol=1e-4, atol=1e-4
    )


@needs_kernels
@pytest.mark.parametrize(('state', 'length'), [(4, 5), (1, 1)])
def test_the_backward_operator_keeps_it_too(state, length, assert_strides):
    *inputs, start = (v.detach() for v in draw(state=state, length=length).values())
    inputs[3:5] = [matrix[:, None] for matrix in inputs[3:5]]
    chunk = 4
    y, last, starts = torch.ops.mvlr_mm.scan_triton(*inputs, start, True, chunk)
    operands = (y.sin(), last.sin(), *inputs, starts, True, chunk)
    backward = torch.ops.mvlr_mm.scan_triton_backward.default
    tests = ('test_schema', 'test_faketensor')
    torch.library.opcheck(backward, operands, test_utils=tests)
    if length > 1:  # else the strides of single ones differ, which mean nothing
        assert_strides(backward, *operands)
    places = [gradient.untyped_storage().data_ptr() for gradient in backward(*operands)]
    assert len(set(places)) == len(places)  # no gradient is a view of another


@needs_kernels
def test_bf16_inputs_are_scanned_in_float32():
    rounded = draw(dtype=torch.bfloat16)
    widened = {k: v.detach().float().requires_grad_() for k, v in rounded.items()}
    y, last, gradients = run_with_gradients(
        selective_scan_triton, rounded, delta_softplus=True
    )
    want_y, want_last, _ = run_with_gradients(
        selective_scan_ref, widened, delta_softplus=True
    )
    torch.testing.assert_close(last, want_last, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(y, want_y.bfloat16(), rtol=1e-2, atol=1e-5)
    assert all(gradient.dtype == torch.bfloat16 for gradient in gradients)


@needs_kernels
def test_it_can_be_traced():
    inputs = {name: value.detach() for name, value in draw().items()}
    u = inputs.pop('u')

    def scan(u):
        return selective_scan_triton(u, **inputs, delta_softplus=True)

    traced = torch.jit.trace(scan, u)  # as counting multiply-adds does
    torch.testing.assert_close(traced(2 * u), scan(2 * u))


@needs_kernels
def test_the_check_of_a_gpu_passes():
    assert check_kernel('the Triton kernel', selective_scan_triton, DEVICE) is None


# those that need the interpreter, one at a time, so that processes can share them
INTERPRETER_TESTS = (
    'ops/selective_scan/test_triton_scan.py',
    'ops/test_triton_conv.py',
    'ops/test_triton_passes.py',
    'models/layers/test_joint_passes.py',
)


@pytest.mark.parametrize('name', INTERPRETER_TESTS)
def test_the_kernels_in_the_interpreter(name):
    if importlib.util.find_spec('triton') is None:
        pytest.skip('triton is not installed: it comes with the CUDA build of torch')
    if INTERPRETED:
        pytest.skip('this is the interpreter')
    path = Path(__file__).parents[2] / name
    done = subprocess.run(
        [sys.executable, '-m', 'pytest', '-q', '-p', 'no:cacheprovider', str(path)],
        env=os.environ | {'TRITON_INTERPRET': '1'},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    # all ran but this one
    skipped = len(INTERPRETER_TESTS) if path == Path(__file__) else 0
    left_out = f', {skipped} skipped' if skipped else ''
    assert re.search(rf' passed{left_out}(, \d+ warnings?)? in ', done.stdout)


def test_without_a_gpu_that_is_the_reason(monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    find_triton_problem.cache_clear()
    assert find_triton_problem() == 'torch sees no CUDA device.'
    find_triton_problem.cache_clear()


def test_only_float32_arithmetic_is_supported():
    assert supports_triton(torch.ones(1, dtype=torch.bfloat16), None, True)
    assert not supports_triton(torch.ones(1, dtype=torch.float64), None, True)


def test_it_is_not_offered_for_the_cpu():
    inputs = {name: value.cpu() for name, value in draw().items()}
    with pytest.raises((ValueError, RuntimeError), match='triton'):
        selective_scan(**inputs, backend='triton')
