import pytest
import torch

from mvlr_mm.ops import selective_scan, selective_scan_ref
from mvlr_mm.ops.selective_scan import torch_scan
from mvlr_mm.ops.selective_scan.torch_scan import selective_scan_torch

BATCH, CHANNELS, STATE = 2, 6, 4
SHAPES = {
    'shared': lambda length: (BATCH, STATE, length),
    'constant': lambda length: (CHANNELS, STATE),
    'grouped': lambda length: (BATCH, 2, STATE, length),
    'three groups': lambda length: (BATCH, 3, STATE, length),
}


def draw(length, b='shared', c='shared', dtype=torch.float32):
    """Every argument of the scan, all wanting a gradient."""
    generator = torch.Generator().manual_seed(length)

    def normal(*shape):
        value = torch.randn(shape, generator=generator, dtype=torch.float64)
        return value.to(dtype)

    inputs = {
        'u': normal(BATCH, CHANNELS, length),
        'delta': normal(BATCH, CHANNELS, length),
        'A': -normal(CHANNELS, STATE).exp(),
        'B': normal(*SHAPES[b](length)),
        'C': normal(*SHAPES[c](length)),
        'D': normal(CHANNELS),
        'z': normal(BATCH, CHANNELS, length),
        'delta_bias': normal(CHANNELS),
        'initial_state': normal(BATCH, CHANNELS, STATE),
    }
    return {name: value.requires_grad_() for name, value in inputs.items()}


def run_with_gradients(scan, inputs, **options):
    y, last = scan(**inputs, delta_softplus=True, return_last_state=True, **options)
    loss = (y.double() * y.double().cos()).sum() + last.sin().sum()
    return y, last, torch.autograd.grad(loss, list(inputs.values()))


@pytest.mark.parametrize('length', [1, 2, 63, 276])
def test_values_and_every_gradient_equal_the_reference(length):
    inputs = draw(length)
    got = run_with_gradients(selective_scan_torch, inputs)
    want = run_with_gradients(selective_scan_ref, inputs)
    torch.testing.assert_close(got, want, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize('length', [1, 2, 63])
def test_double_precision_equals_the_reference_closely(length):
    inputs = draw(length, dtype=torch.float64)
    got = run_with_gradients(selective_scan_torch, inputs)
    want = run_with_gradients(selective_scan_ref, inputs)
    assert got[1].dtype == torch.float64
    torch.testing.assert_close(got, want, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize('b', SHAPES)
@pytest.mark.parametrize('c', SHAPES)
def test_every_form_of_both_matrices(b, c):
    inputs = draw(7, b, c, dtype=torch.float64)
    got = run_with_gradients(selective_scan_torch, inputs)
    want = run_with_gradients(selective_scan_ref, inputs)
    torch.testing.assert_close(got, want, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize('length', [1, 5])
def test_gradcheck_with_everything_on(length):
    inputs = draw(length, dtype=torch.float64)

    def scan(*values):
        named = dict(zip(inputs, values, strict=True))
        return selective_scan_torch(
            **named, delta_softplus=True, return_last_state=True
        )

    assert torch.autograd.gradcheck(scan, tuple(inputs.values()))


def test_bare_call_needs_only_the_five_tensors():
    inputs = {name: draw(9)[name] for name in ('u', 'delta', 'A', 'B', 'C')}
    inputs['delta'] = inputs['delta'].abs()
    torch.testing.assert_close(
        selective_scan_torch(**inputs), selective_scan_ref(**inputs)
    )


def test_a_scan_continued_from_its_last_state_is_the_whole_scan():
    inputs = draw(20, dtype=torch.float64)
    whole = run_with_gradients(selective_scan_torch, inputs)

    def in_two_parts(**inputs):
        # the forms with a step axis are cut, the others passed on
        def part(where):
            return {
                name: value[..., where] if value.shape[-1] == 20 else value
                for name, value in inputs.items()
                if torch.is_tensor(value)
            }

        options = {'delta_softplus': True, 'return_last_state': True}
        first, state = selective_scan_torch(**part(slice(0, 7)), **options)
        rest = part(slice(7, None)) | {'initial_state': state}
        second, last = selective_scan_torch(**rest, **options)
        return torch.cat([first, second], dim=-1), last

    torch.testing.assert_close(run_with_gradients(in_two_parts, inputs), whole)


def test_bf16_inputs_are_scanned_in_float32():
    exact = draw(63)
    rounded = {k: v.detach().bfloat16().requires_grad_() for k, v in exact.items()}
    widened = {k: v.detach().float().requires_grad_() for k, v in rounded.items()}
    y, last, gradients = run_with_gradients(selective_scan_torch, rounded)
    assert y.dtype == torch.bfloat16
    assert last.dtype == torch.float32
    want_y, want_last, _ = run_with_gradients(selective_scan_ref, widened)
    # only the result is rounded: the state in between never is
    torch.testing.assert_close(last, want_last, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(y, want_y.bfloat16())
    assert all(gradient.isfinite().all() for gradient in gradients)


def test_autocast_changes_nothing():
    inputs = draw(30)
    want = run_with_gradients(selective_scan_torch, inputs)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        got = run_with_gradients(selective_scan, inputs, backend='torch')
    torch.testing.assert_close(got, want)


def test_a_state_that_dies_at_once_neither_overflows_nor_leaks():
    inputs = draw(40)
    inputs['A'] = torch.full((CHANNELS, STATE), -1e4, requires_grad=True)
    y, last, gradients = run_with_gradients(selective_scan_torch, inputs)
    want = run_with_gradients(selective_scan_ref, inputs)
    assert y.isfinite().all()
    assert last.isfinite().all()
    assert all(gradient.isfinite().all() for gradient in gradients)
    torch.testing.assert_close((y, last, gradients), want, rtol=1e-4, atol=1e-4)


def test_steps_are_bundled_so_that_memory_grows_with_the_square_root(monkeypatch):
    chunks = []
    run_chunk = torch_scan._run_chunk

    def spy(u, *rest):
        chunks.append(len(u))
        return run_chunk(u, *rest)

    monkeypatch.setattr(torch_scan, '_run_chunk', spy)
    run_with_gradients(selective_scan_torch, draw(100))
    assert chunks == [10] * 20  # ten forward, and again in the backward


def test_the_compiler_sees_one_operator():
    inputs = draw(40)
    compiled = torch.compile(
        lambda **named: selective_scan(**named, backend='torch'),
        fullgraph=True,
        backend='aot_eager',
    )
    torch.testing.assert_close(
        run_with_gradients(compiled, inputs),
        run_with_gradients(selective_scan_torch, inputs),
    )
