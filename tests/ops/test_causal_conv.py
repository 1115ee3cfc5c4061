import pytest
import torch
import torch.nn.functional as F
from torch._subclasses import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode

from mvlr_mm.ops import causal_conv
from mvlr_mm.ops.causal_conv import causal_conv_silu


def plain(x, weight, bias, past=None):
    rows = x if past is None else torch.cat([past, x], dim=2)
    rows = F.pad(rows, (weight.shape[-1] - 1 + x.shape[2] - rows.shape[2], 0))
    return F.silu(F.conv1d(rows, weight, bias, groups=x.shape[1]))


def draw(channels, length, width, dtype=torch.float32):
    generator = torch.Generator().manual_seed(length)

    def normal(*shape):
        value = torch.randn(shape, generator=generator, dtype=dtype)
        return value.requires_grad_()

    return [
        normal(2, channels, length),
        normal(channels, 1, width),
        normal(channels),
        normal(2, channels, width - 1),
    ]


class Watch(TorchDispatchMode):
    """Notes which operators run."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.seen.append(str(func))
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize('channels', [1, 16, 37])
@pytest.mark.parametrize('length', [1, 2, 9])
@pytest.mark.parametrize('width', [1, 4, 8])
def test_values_and_gradients_equal_plain_torch(built, channels, length, width):
    inputs = draw(channels, length, width)
    exact = [v.detach().double().requires_grad_() for v in inputs]
    got, want = causal_conv_silu(*inputs), plain(*exact)
    torch.testing.assert_close(got.double(), want, rtol=1e-5, atol=1e-5)
    weight = torch.linspace(-1, 1, want.numel(), dtype=torch.float64).view_as(want)
    for mine, right in zip(
        torch.autograd.grad((got * weight).sum(), inputs),
        torch.autograd.grad((want * weight).sum(), exact),
        strict=True,
    ):
        torch.testing.assert_close(mine.double(), right, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize('width', [4, 9])  # 9: wider than the C++
def test_without_a_past_there_were_zeros(width):
    inputs = draw(6, 7, width)[:3]
    torch.testing.assert_close(causal_conv_silu(*inputs), plain(*inputs))


def test_double_precision_runs_in_plain_torch():
    inputs = draw(6, 7, 4, torch.float64)
    torch.testing.assert_close(causal_conv_silu(*inputs), plain(*inputs))


def test_without_the_library_it_runs_in_plain_torch(monkeypatch):
    monkeypatch.setattr(causal_conv, 'works', lambda name: False)
    inputs = draw(6, 7, 4)
    torch.testing.assert_close(causal_conv_silu(*inputs), plain(*inputs))


def test_autocast_runs_it_in_float32(built):
    exact = draw(16, 9, 4)
    rounded = [v.detach().bfloat16() for v in (exact[0], exact[3])]
    x, past = (v.requires_grad_() for v in rounded)
    weight, bias = exact[1:3]
    with torch.autocast('cpu', torch.bfloat16):
        got = causal_conv_silu(x, weight, bias, past)
    want = plain(x.float(), weight, bias, past.float())
    torch.testing.assert_close(got, want, rtol=1e-5, atol=1e-5)
    inputs = (x, weight, bias, past)
    torch.testing.assert_close(
        torch.autograd.grad(got.sin().sum(), inputs),
        torch.autograd.grad(want.sin().sum(), inputs),
    )


def test_the_operator_keeps_what_torch_library_asks_of_one(built):
    x, weight, bias, past = (v.detach() for v in draw(6, 7, 4))
    operands = (x.mT, past.mT, weight[:, 0].T, bias)
    operands = tuple(v.contiguous().requires_grad_() for v in operands)
    torch.library.opcheck(
        torch.ops.mvlr_mm.conv_silu.default, operands, rtol=1e-4, atol=1e-4
    )


def test_a_second_gradient_is_refused(built):
    inputs = draw(6, 7, 4)
    y = causal_conv_silu(*inputs)
    (first,) = torch.autograd.grad(y.sin().sum(), inputs[0], create_graph=True)
    with pytest.raises(RuntimeError, match='differentiated once'):
        first.sum().backward()


@pytest.mark.parametrize('backend', [None, 'triton', 'mamba_ssm', 'torch'])
def test_a_gpu_takes_its_operator_of_half_precision_too(backend, monkeypatch):
    monkeypatch.setattr(causal_conv, 'works', lambda name: name == 'triton')
    monkeypatch.setattr(causal_conv, 'conv_works', lambda: True)
    with FakeTensorMode(), Watch() as watch:
        x = torch.empty(2, 9, 16, device='cuda', dtype=torch.bfloat16).mT
        weight, bias = (torch.empty(s, device='cuda') for s in ((16, 1, 4), (16,)))
        if backend in ('mamba_ssm', 'torch'):
            weight, bias = weight.bfloat16(), bias.bfloat16()
        out = causal_conv_silu(x, weight, bias, backend=backend)
    fused = 'mvlr_mm.conv_silu_triton.default' in watch.seen
    assert fused == (backend in (None, 'triton'))
    assert out.shape == x.shape
    assert out.dtype == torch.bfloat16


@pytest.mark.parametrize('backend', [None, 'native', 'torch', 'reference'])
def test_the_backend_of_the_scan_is_asked_of_the_convolution(built, backend):
    x, weight, bias, past = (t.detach() for t in draw(16, 9, 4))
    with Watch() as watch:
        causal_conv_silu(x, weight, bias, past, backend=backend)
    fused = 'mvlr_mm.conv_silu.default' in watch.seen
    assert fused == (backend in (None, 'native'))


@pytest.mark.parametrize(
    ('name', 'shape', 'message'),
    [
        (
            'weight',
            (5, 1, 4),
            r'weight is \(5, 1, 4\), but must be \(6, 1, 4\) to ',
        ),
        ('bias', (1,), r'bias is \(1,\), but must be \(6,\) to fit x \(2, 6, 3\) and '),
        ('past', (2, 6, 1), r'past is \(2, 6, 1\), but must be \(2, 6, 3\) to fit'),
    ],
)
def test_a_smaller_tensor_is_refused(name, shape, message):
    """The kernels would read and write beside it."""
    inputs = dict(zip(('x', 'weight', 'bias', 'past'), draw(6, 3, 4), strict=True))
    with pytest.raises(ValueError, match=message):
        causal_conv_silu(**{**inputs, name: torch.zeros(shape)})
