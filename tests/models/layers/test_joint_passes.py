"""On a GPU, or run in Triton's interpreter by test_triton_scan.py."""

import copy
import functools
import importlib
import os
import sys
from pathlib import Path

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from mvlr_mm.models.layers import joint_passes as layer
from mvlr_mm.models.layers.joint_passes import join, joint_passes
from mvlr_mm.models.layers.mamba import MambaBlock
from mvlr_mm.models.layers.two_passes import plain_passes
from mvlr_mm.ops.selective_scan import scan_ops

INTERPRETED = os.environ.get('TRITON_INTERPRET') == '1'
DEVICE = 'cpu' if INTERPRETED or not torch.cuda.is_available() else 'cuda'
needs_kernels = pytest.mark.skipif(
    DEVICE == 'cpu' and not INTERPRETED, reason='needs a GPU or the interpreter'
)


def make(width=8, state_dim=3, dtype=torch.float32, **options):
    torch.manual_seed(0)
    blocks = [MambaBlock(width, state_dim, **options).to(DEVICE, dtype) for _ in '12']
    for block in blocks:  # else both have the same norm and rates
        with torch.no_grad():
            for parameter in block.parameters():
                parameter.add_(0.1 * torch.randn_like(parameter))
    return blocks


def draw(images, patches, labels, width=8, dtype=torch.float32):
    generator = torch.Generator().manual_seed(1)
    return [
        torch.randn(images, n, width, generator=generator)
        .to(DEVICE, dtype)
        .requires_grad_()
        for n in (patches, labels)
    ]


def apart(linguistic, visual, patches, labels, order):
    return (
        plain_passes(visual, labels, patches, order),
        plain_passes(linguistic, patches, labels, order),
    )


def with_gradients(run, blocks, tokens, order):
    results = run(*blocks, *tokens, order)
    inputs = [*tokens, *blocks[0].parameters(), *blocks[1].parameters()]
    loss = sum(result.sin().sum() for result in results)
    return [r.double() for r in (*results, *torch.autograd.grad(loss, inputs))]


def in_float64(blocks, tokens):
    exact = [copy.deepcopy(block).double() for block in blocks]
    for block in exact:
        block.scan_backend = 'reference'
    return exact, [t.detach().double().requires_grad_() for t in tokens]


@needs_kernels
@pytest.mark.parametrize(
    ('order', 'sizes', 'options'),
    [
        ('F', (1, 3, 2), {}),
        ('O-FB', (1, 1, 2), {}),
        ('P-FB-S1', (1, 4, 1), {'conv_width': 1}),
        ('P-FB-S2', (2, 4, 3), {'expand': 2}),
        ('P-FB-S2', (1, 1, 1), {'state_dim': 4}),
        ('P-FB-S2', (1, 3, 3), {'width': 34, 'state_dim': 2}),  # blocks, chunks
    ],
)
def test_it_gives_what_both_blocks_give_apart(order, sizes, options, monkeypatch):
    monkeypatch.setattr(scan_ops, 'choose_chunk', lambda length: 4)
    blocks, tokens = make(**options), draw(*sizes, options.get('width', 8))
    got = with_gradients(joint_passes, blocks, tokens, order)
    want = with_gradients(apart, *in_float64(blocks, tokens), order)
    torch.testing.assert_close(got, want, rtol=1e-4, atol=1e-4)


@needs_kernels
def test_in_bf16():
    blocks, tokens = make(dtype=torch.bfloat16), draw(1, 3, 4, dtype=torch.bfloat16)
    got = joint_passes(*blocks, *tokens, 'P-FB-S2')
    exact, exact_tokens = in_float64(blocks, tokens)
    want = apart(*exact, *exact_tokens, 'P-FB-S2')
    for mine, right in zip(got, want, strict=True):
        assert mine.dtype == torch.bfloat16
        torch.testing.assert_close(mine.double(), right, rtol=5e-2, atol=5e-2)


@needs_kernels
def test_autocast_computes_what_it_should():
    blocks, tokens = make(), draw(1, 3, 2)
    with torch.autocast(DEVICE, torch.bfloat16):
        got = with_gradients(joint_passes, blocks, tokens, 'P-FB-S2')
    want = with_gradients(joint_passes, blocks, tokens, 'P-FB-S2')
    torch.testing.assert_close(got, want, rtol=5e-2, atol=5e-2)
    assert not torch.equal(got[0], want[0])


@needs_kernels
def test_one_graph_without_a_break():
    blocks, tokens = make(), draw(1, 3, 2)
    compiled = torch.compile(joint_passes, fullgraph=True, backend='aot_eager')
    got = with_gradients(compiled, blocks, tokens, 'P-FB-S2')
    want = with_gradients(joint_passes, blocks, tokens, 'P-FB-S2')
    torch.testing.assert_close(got, want, rtol=1e-5, atol=1e-5)


@pytest.fixture
def as_on_a_gpu(monkeypatch):
    monkeypatch.setattr(layer, 'choose_backend', lambda *args: 'triton')
    monkeypatch.setattr(layer, 'passes_work', lambda: True)


def test_it_is_for_the_triton_scan_in_the_precisions_of_its_kernels(as_on_a_gpu):
    block, tokens = MambaBlock(8), torch.ones(1, 2, 8)
    assert join(block, tokens)
    assert join(block.bfloat16(), tokens.bfloat16())
    assert not join(block, tokens.double())
    assert not join(MambaBlock(8).double(), tokens)
    assert not join(MambaBlock(8, conv_width=9), tokens)


def test_the_operators_of_a_call():
    sys.path.insert(0, str(Path(__file__).parents[3] / 'tools'))
    launches = importlib.import_module('benchmarks.speed.launches')
    blocks = MambaBlock(32), MambaBlock(32)
    with FakeTensorMode(allow_non_fake_inputs=True) as mode:  # runs no kernel
        for module in (m for block in blocks for m in block.modules()):
            for name, value in module.named_parameters(recurse=False):
                fake = torch.nn.Parameter(mode.from_tensor(value.detach()))
                module._parameters[name] = fake
        tokens = [torch.empty(2, n, 32, requires_grad=True) for n in (6, 5)]
        wanted = [*tokens, *blocks[0].parameters(), *blocks[1].parameters()]

        def forward():
            return joint_passes(*blocks, *tokens, 'P-FB-S2')

        def both():
            visual, labels = forward()
            torch.autograd.grad(visual.sum() + labels.sum(), wanted)

        # apart they are 32 and 96
        assert launches.operators(forward).total() == 18
        assert launches.operators(both).total() <= 53


def test_kernels_that_fail_are_not_used(as_on_a_gpu, monkeypatch):
    monkeypatch.setattr(layer, 'passes_work', lambda: False)
    assert not join(MambaBlock(8), torch.ones(1, 2, 8))


def test_the_choice_is_a_constant_of_a_graph(as_on_a_gpu):
    block, tokens = MambaBlock(8), torch.ones(1, 2, 8)

    @functools.partial(torch.compile, fullgraph=True, backend='eager')
    def choose(tokens):
        return tokens + 1 if join(block, tokens) else tokens

    assert torch.equal(choose(tokens), tokens + 1)


def test_a_cpu_runs_the_blocks_apart():
    assert not join(MambaBlock(8), torch.ones(1, 2, 8))
