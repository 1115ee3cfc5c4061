"""On a GPU, or run in Triton's interpreter by test_triton_scan.py."""

import os

import pytest
import torch
import torch.nn.functional as F

from mvlr_mm.ops import triton_conv

INTERPRETED = os.environ.get('TRITON_INTERPRET') == '1'
DEVICE = 'cpu' if INTERPRETED or not torch.cuda.is_available() else 'cuda'
needs_kernels = pytest.mark.skipif(
    DEVICE == 'cpu' and not INTERPRETED, reason='needs a GPU or the interpreter'
)


def draw(channels, length, width, dtype=torch.float32):
    generator = torch.Generator().manual_seed(length)
    shapes = ((2, length, channels), (2, width - 1, channels), (channels, width))
    return [
        torch.randn(shape, generator=generator).to(DEVICE, dtype).requires_grad_()
        for shape in (*shapes, (channels,))
    ]


def fused(*inputs):
    return torch.ops.mvlr_mm.conv_silu_triton.default(*inputs)


def plain(x, past, weight, bias):
    rows = torch.cat([past, x], dim=1).mT
    return F.silu(F.conv1d(rows, weight[:, None], bias, groups=len(bias))).mT


def assert_equal(inputs, rtol=1e-4, atol=1e-4):
    exact = [v.detach().double().requires_grad_() for v in inputs]
    got, want = fused(*inputs), plain(*exact)
    torch.testing.assert_close(got.double(), want, rtol=rtol, atol=atol)
    weight = torch.linspace(-9, 9, want.numel(), dtype=torch.float64).sin()
    weight = weight.to(DEVICE).view(want.shape)
    for name, mine, right in zip(
        ('x', 'past', 'weight', 'bias'),
        torch.autograd.grad((got * weight).sum(), inputs),
        torch.autograd.grad((want * weight).sum(), exact),
        strict=True,
    ):
        torch.testing.assert_close(
            *(mine.double(), right), rtol=rtol, atol=atol, msg=lambda m, n=name: n + m
        )


@needs_kernels
@pytest.mark.parametrize('length', [1, 2, 7])
@pytest.mark.parametrize('width', [1, 4, 8])
def test_every_length_and_width(length, width):
    assert_equal(draw(5, length, width))


@needs_kernels
def test_more_rows_and_channels_than_a_program():
    rows, block = triton_conv._ROWS, triton_conv._BLOCK
    assert_equal(draw(block + 3, 2 * rows, 4))


@needs_kernels
def test_no_past_is_a_past_of_zeros():
    x, past, weight, bias = draw(5, 7, 4)
    inputs = (x, weight, bias)
    got = fused(x, past[:, :0], weight, bias)
    want = plain(x, torch.zeros_like(past), weight, bias)
    torch.testing.assert_close(got, want, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(
        torch.autograd.grad(got.sin().sum(), inputs),
        torch.autograd.grad(want.sin().sum(), inputs),
        rtol=1e-4,
        atol=1e-4,
    )


@needs_kernels
def test_bf16_is_read_as_it_is():
    inputs = draw(6, 9, 4, torch.bfloat16)
    assert fused(*inputs).dtype == torch.bfloat16
    assert_equal(inputs, rtol=2e-2, atol=2e-2)


@needs_kernels
def test_the_operator_keeps_what_torch_library_asks_of_one():
    operator = torch.ops.mvlr_mm.conv_silu_triton.default
    torch.library.opcheck(operator, tuple(draw(6, 7, 4)), rtol=1e-4, atol=1e-4)


@needs_kernels
def test_the_check_of_a_gpu_passes():
    assert triton_conv.check_conv(DEVICE) is None


def test_a_gpu_on_which_it_fails_is_told_and_spared(monkeypatch):
    monkeypatch.setattr(triton_conv, 'check_conv', lambda device: 'wrong by 3')
    triton_conv.conv_works.cache_clear()
    with pytest.warns(RuntimeWarning, match='plain torch: wrong by 3'):
        assert not triton_conv.conv_works()
    triton_conv.conv_works.cache_clear()
