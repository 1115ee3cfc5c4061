"""What Triton's interpreter lets pass its compiler may refuse: machine code, no GPU."""

import pytest
import torch

from mvlr_mm.ops import conv_passes, merge_passes
from mvlr_mm.ops.selective_scan.triton_scan import selective_scan_triton

NAMES = {torch.float32: '*fp32', torch.bfloat16: '*bf16'}


@pytest.fixture(params=[75, 90])
def built(monkeypatch, request):
    """Names of the kernels that a call would launch, each built for a T4 or an H100."""
    compiler = pytest.importorskip('triton.compiler')
    from triton.backends.compiler import GPUTarget
    from triton.runtime.jit import JITFunction

    names = []

    def build(kernel, *args, grid, warmup, **options):
        if kernel.__name__ in names:
            return
        names.append(kernel.__name__)
        warps = {'num_warps': options.pop('num_warps', 4)}
        signature = {
            name: NAMES[value.dtype] if isinstance(value, torch.Tensor) else 'i32'
            for name, value in zip(kernel.arg_names, args, strict=False)
        }
        signature |= dict.fromkeys(options, 'constexpr')
        source = compiler.ASTSource(kernel, signature, constexprs=options)
        target = GPUTarget('cuda', request.param, 32)
        assert compiler.compile(source, target=target, options=warps).asm['cubin']

    monkeypatch.setattr(JITFunction, 'run', build)
    return names


def draw(*shape, dtype):
    return torch.randn(shape).to(dtype).requires_grad_()


def test_the_kernels_of_the_passes_are_built(built):
    dtype = torch.bfloat16
    x, y = draw(2, 2, 7, 8, dtype=dtype), draw(2, 2, 2, 7, 8, dtype=dtype)
    weight, bias = draw(2, 8, 4, dtype=torch.float32), draw(2, 8, dtype=torch.float32)
    conv_passes(x, weight, bias, 3, 'P-FB-S2').sum().backward()
    visual, labels = merge_passes(y, x, 3, 'P-FB-S2')
    (visual.sum() + labels.sum()).backward()
    assert built == ['conv_forward', 'conv_backward', 'merge_forward', 'merge_backward']


def test_the_kernels_of_the_scan_are_built(built):
    dtype = torch.bfloat16
    A, weight = draw(16, 4, dtype=torch.float32), draw(16, dtype=torch.float32)
    u, delta = (draw(4, 8, 70, dtype=dtype) for _ in '12')
    matrices = (draw(4, 4, 70, dtype=dtype) for _ in '12')
    y = selective_scan_triton(
        u, delta, A, *matrices, D=weight, delta_bias=weight, delta_softplus=True
    )
    y.sum().backward()
    assert built == ['scan_ends', 'scan_forward', 'scan_slopes', 'scan_backward']
