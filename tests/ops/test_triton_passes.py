"""On a GPU, or run in Triton's interpreter by test_triton_scan.py."""

import os

import pytest
import torch
import torch.nn.functional as F

from mvlr_mm.ops import conv_passes, merge_passes, passes_check, triton_passes

INTERPRETED = os.environ.get('TRITON_INTERPRET') == '1'
DEVICE = 'cpu' if INTERPRETED or not torch.cuda.is_available() else 'cuda'
needs_kernels = pytest.mark.skipif(
    DEVICE == 'cpu' and not INTERPRETED, reason='needs a GPU or the interpreter'
)
# images, patches, labels and channels, and an order of the passes
SIZES = [
    ((1, 3, 2, 5), 'F'),
    ((1, 2, 3, 5), 'O-FB'),
    ((1, 3, 4, 2), 'P-FB-S1'),
    ((2, 3, 4, 5), 'P-FB-S2'),
    ((1, 6, 1, 7), 'P-FB-S2'),
    ((1, 1, 1, 1), 'P-FB-S2'),
]
LARGE = (1, triton_passes._ROWS + 1, 2, triton_passes._BLOCK + 1)


def sequences(patches, labels, order):
    """Figure 3 of the paper in lists: the tokens of block 0, then of block 1."""
    result = []
    all_patches = list(range(patches))
    all_labels = list(range(patches, patches + labels))
    for former, latter in ((all_patches, all_labels), (all_labels, all_patches)):
        passes = {
            'F': [],
            'O-FB': [latter[::-1] + former[::-1]],
            'P-FB-S1': [former[::-1] + latter],
            'P-FB-S2': [former + latter[::-1]],
        }
        result.append([former + latter, *passes[order]])
    return result


def conv_by_loop(x, weight, bias, patches, order):
    results = []
    for block, passes in enumerate(sequences(patches, x.shape[2] - patches, order)):
        for steps in passes:
            seen = [torch.zeros_like(x[block, :, 0])] * (weight.shape[2] - 1)
            for token in steps:
                seen.append(x[block, :, token])
                window = torch.stack(seen[-weight.shape[2] :], dim=-1)
                results.append(F.silu((window * weight[block]).sum(-1) + bias[block]))
    passes, (_, images, rows, channels) = len(results) // 2 // x.shape[2], x.shape
    out = torch.stack(results).view(2, passes, rows, images, channels)
    return out.transpose(2, 3)


def merge_by_loop(y, z, patches, order):
    rows = z.shape[2]
    kept = [0] * rows
    for block, passes in enumerate(sequences(patches, rows - patches, order)):
        for second, steps in enumerate(passes):
            for t, token in enumerate(steps):
                if (token < patches) == (block == 1):
                    kept[token] = kept[token] + y[block, second, :, t]
    gates = F.silu(torch.cat([z[1, :, :patches], z[0, :, patches:]], dim=1))
    merged = torch.stack(kept, dim=1) * gates
    return merged[:, :patches], merged[:, patches:]


def draw(*shapes, dtype=torch.float32):
    generator = torch.Generator().manual_seed(0)
    return [
        torch.randn(shape, generator=generator).to(DEVICE, dtype).requires_grad_()
        for shape in shapes
    ]


def conv_inputs(images, patches, labels, channels, width=4, **options):
    tokens = (2, images, patches + labels, channels)
    return draw(tokens, (2, channels, width), (2, channels), **options)


def merge_inputs(images, patches, labels, channels, order, **options):
    tokens = (2, images, patches + labels, channels)
    passes = 1 if order == 'F' else 2
    return draw((2, passes, *tokens[1:]), tokens, **options)


def weigh(results):
    ramps = [torch.linspace(-9, 9, r.numel(), dtype=torch.float64) for r in results]
    pairs = zip(results, ramps, strict=True)
    return sum((r.double() * w.sin().to(DEVICE).view_as(r)).sum() for r, w in pairs)


def assert_equal(fused, by_loop, inputs, how, tolerance=1e-4):
    exact = [v.detach().double().requires_grad_() for v in inputs]
    got, want = fused(*inputs, *how), by_loop(*exact, *how)
    if isinstance(got, torch.Tensor):
        got, want = (got,), (want,)
    got_all = (*got, *torch.autograd.grad(weigh(got), inputs))
    want_all = (*want, *torch.autograd.grad(weigh(want), exact))
    for mine, right in zip(got_all, want_all, strict=True):
        torch.testing.assert_close(mine.double(), right, rtol=tolerance, atol=tolerance)


@needs_kernels
@pytest.mark.parametrize(('sizes', 'order'), SIZES)
def test_both_equal_a_loop(sizes, order):
    how = (sizes[1], order)
    assert_equal(conv_passes, conv_by_loop, conv_inputs(*sizes), how)
    assert_equal(merge_passes, merge_by_loop, merge_inputs(*sizes, order), how)


@needs_kernels
def test_more_rows_and_channels_than_a_program():
    how = (LARGE[1], 'P-FB-S2')
    assert_equal(conv_passes, conv_by_loop, conv_inputs(*LARGE), how)
    assert_equal(merge_passes, merge_by_loop, merge_inputs(*LARGE, how[1]), how)


@needs_kernels
@pytest.mark.parametrize('width', [1, 8])
def test_every_width(width):
    inputs = conv_inputs(1, 3, 4, 5, width)
    assert_equal(conv_passes, conv_by_loop, inputs, (3, 'P-FB-S2'))


@needs_kernels
def test_bf16_is_read_as_it_is():
    how, bf16 = (3, 'P-FB-S2'), dict(dtype=torch.bfloat16)
    conv = conv_inputs(2, 3, 4, 6, **bf16)
    merge = merge_inputs(2, 3, 4, 6, how[1], **bf16)
    assert conv_passes(*conv, *how).dtype == torch.bfloat16
    assert_equal(conv_passes, conv_by_loop, conv, how, tolerance=3e-2)
    assert_equal(merge_passes, merge_by_loop, merge, how, tolerance=3e-2)


@needs_kernels
@pytest.mark.parametrize('dim', [2, 3])
def test_tokens_may_be_parts_of_larger_tensors(dim):
    x, weight, bias = conv_inputs(2, 3, 4, 5)
    y, z = merge_inputs(2, 3, 4, 5, 'P-FB-S2')
    part, gate = (torch.cat([t, t], dim).split(t.shape[dim], dim)[0] for t in (x, z))
    assert not part.is_contiguous()
    how = (3, 'P-FB-S2')
    others = (weight, bias, *how)
    assert torch.equal(conv_passes(part, *others), conv_passes(x, *others))
    assert torch.equal(merge_passes(y, gate, *how)[0], merge_passes(y, z, *how)[0])


@needs_kernels
def test_the_operators_keep_what_torch_library_asks_of_them(assert_strides):
    ops, how, loose = torch.ops.mvlr_mm, (3, 'P-FB-S2'), dict(rtol=1e-4, atol=1e-4)
    conv, merge = conv_inputs(2, 3, 4, 5), merge_inputs(2, 3, 4, 5, how[1])
    torch.library.opcheck(ops.conv_passes.default, (*conv, *how), **loose)
    torch.library.opcheck(ops.merge_passes.default, (*merge, *how), **loose)
    conv, merge = ([v.detach() for v in inputs] for inputs in (conv, merge))
    u = conv_passes(*conv, *how)
    assert_strides(ops.conv_passes_backward.default, u, *conv, *how)
    kept = merge_passes(*merge, *how)
    assert_strides(ops.merge_passes_backward.default, *kept, *merge, *how)


@needs_kernels
def test_the_check_of_a_gpu_passes():
    assert passes_check.check_passes(DEVICE) is None


def test_a_gpu_on_which_it_fails_is_told_and_spared(monkeypatch):
    monkeypatch.setattr(passes_check, 'check_passes', lambda device: 'wrong by 3')
    passes_check.passes_work.cache_clear()
    with pytest.warns(RuntimeWarning, match='one after the other: wrong by 3'):
        assert not passes_check.passes_work()
    passes_check.passes_work.cache_clear()
