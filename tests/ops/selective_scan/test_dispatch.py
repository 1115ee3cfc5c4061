import warnings

import pytest
import torch

from mvlr_mm.ops import available_backends, selective_scan, selective_scan_ref
from mvlr_mm.ops.selective_scan import check_backend, dispatch, prefers_short_scans
from mvlr_mm.ops.selective_scan.dispatch import BACKENDS, Backend, choose_backend


def fake(result):
    return lambda u, *args, **kwargs: result


@pytest.fixture
def table(monkeypatch):
    """A table with one GPU kernel, whose state the test sets."""
    problem = {'kernel': None}
    backends = {
        'kernel': Backend(
            fake('kernel'),
            'cuda',
            lambda: problem['kernel'],
            lambda u, initial_state, last: initial_state is None,
        ),
        'torch': Backend(fake('torch')),
    }
    monkeypatch.setattr(dispatch, 'BACKENDS', backends)
    dispatch._warn_about_slow_torch.cache_clear()
    yield problem
    dispatch._warn_about_slow_torch.cache_clear()


def five(length=3):
    u = torch.ones(2, 4, length)
    return u, u, -torch.ones(4, 2), torch.ones(2, 2, length), torch.ones(2, 2, length)


def test_those_without_a_kernel_always_work():
    report = available_backends()
    names = ['mamba_ssm', 'triton', 'native', 'torch', 'reference', 'graph']
    assert list(report) == names
    assert report['torch'] is None
    assert report['reference'] is report['graph'] is None


@pytest.mark.parametrize('length', [1, 2, 63, 276])
@pytest.mark.parametrize('name', dispatch.BACKENDS)
def test_every_backend_that_works_here_equals_the_reference(name, length, need):
    need(name)
    device = dispatch.BACKENDS[name].device or 'cpu'
    generator = torch.Generator().manual_seed(length)

    def draw(*shape):
        value = torch.randn(shape, generator=generator).to(device)
        return value.requires_grad_()

    inputs = {
        'u': draw(2, 8, length),
        'delta': draw(2, 8, length),
        'A': (-draw(8, 4).detach().exp()).requires_grad_(),
        'B': draw(2, 4, length),
        'C': draw(2, 4, length),
        'D': draw(8),
        'z': draw(2, 8, length),
        'delta_bias': draw(8),
    }
    got = selective_scan(**inputs, delta_softplus=True, backend=name)
    want = selective_scan_ref(**inputs, delta_softplus=True)
    torch.testing.assert_close(got, want, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(
        torch.autograd.grad(got.sin().sum(), list(inputs.values())),
        torch.autograd.grad(want.sin().sum(), list(inputs.values())),
        rtol=1e-3,
        atol=1e-3,
    )


@pytest.mark.parametrize('name', dispatch.BACKENDS)
def test_every_backend_that_works_here_takes_no_images(name, need):
    need(name)
    device = dispatch.BACKENDS[name].device or 'cpu'
    u, step = torch.ones(2, 0, 4, 3, device=device).requires_grad_().unbind()
    A = -torch.ones(4, 2, device=device).requires_grad_()
    B = torch.ones(0, 2, 3, device=device)
    options = dict(return_last_state=True, backend=name)
    y, last = selective_scan(u, step, A, B, B, **options)
    assert (y.shape, last.shape) == ((0, 4, 3), (0, 4, 2))
    (gradient,) = torch.autograd.grad(y.sum() + last.sum(), A)
    assert gradient.tolist() == [[0, 0]] * 4


@pytest.mark.parametrize('name', dispatch.BACKENDS)
def test_every_backend_that_works_here_takes_bf16(name, need):
    need(name)
    device = dispatch.BACKENDS[name].device or 'cpu'
    generator = torch.Generator().manual_seed(0)

    def draw(*shape):
        return torch.randn(shape, generator=generator).to(device, torch.bfloat16)

    inputs = {
        'u': draw(2, 8, 63),
        'delta': draw(2, 8, 63),
        'A': -draw(8, 4).float().exp(),
        'B': draw(2, 4, 63),
        'C': draw(2, 4, 63),
        'D': draw(8).float(),
        'z': draw(2, 8, 63),
        'delta_bias': draw(8).float(),
    }
    inputs = {k: v.requires_grad_() for k, v in inputs.items()}
    widened = {k: v.detach().float().requires_grad_() for k, v in inputs.items()}
    got = selective_scan(**inputs, delta_softplus=True, backend=name)
    want = selective_scan_ref(**widened, delta_softplus=True)
    assert got.dtype == torch.bfloat16
    torch.testing.assert_close(got.float(), want, rtol=2e-2, atol=2e-2)
    gradients = torch.autograd.grad(got.sum(), list(inputs.values()))
    wanted = torch.autograd.grad(want.sum(), list(widened.values()))
    for mine, right in zip(gradients, wanted, strict=True):
        scale = right.abs().max().item()
        torch.testing.assert_close(mine.float(), right, rtol=5e-2, atol=2e-2 * scale)


def test_the_device_decides(table):
    assert choose_backend('cuda') == 'kernel'
    assert choose_backend('cpu') == 'torch'


def test_a_gpu_without_its_kernel_is_said_once_and_loudly(table):
    table['kernel'] = 'it is not installed.'
    with pytest.warns(
        RuntimeWarning, match=r'plain torch.*kernel: it is not installed'
    ):
        assert choose_backend('cuda') == 'torch'
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        assert choose_backend('cuda') == 'torch'


def test_a_missing_gpu_kernel_does_not_matter_on_the_cpu(table):
    table['kernel'] = 'it is not installed.'
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        assert choose_backend('cpu') == 'torch'


def test_what_a_backend_cannot_do_runs_in_plain_torch(table, monkeypatch):
    monkeypatch.setattr(dispatch, 'choose_backend', lambda device, name: 'kernel')
    assert selective_scan(*five()) == 'kernel'
    assert selective_scan(*five(), initial_state=torch.ones(2, 4, 2)) == 'torch'


@pytest.mark.parametrize(
    ('broken', 'chosen'),
    [((), 'mamba_ssm'), (('mamba_ssm',), 'triton'), (('mamba_ssm', 'triton'), 'torch')],
)
def test_order_of_preference_on_cuda(monkeypatch, broken, chosen):
    for name in ('mamba_ssm', 'triton'):
        problem = 'absent' if name in broken else None
        backend = BACKENDS[name]._replace(find_problem=lambda problem=problem: problem)
        monkeypatch.setitem(BACKENDS, name, backend)
    monkeypatch.setattr(dispatch, '_warn_about_slow_torch', lambda *_: None)
    assert choose_backend('cuda') == chosen


def test_what_a_kernel_cannot_do_goes_to_the_next_one(table, monkeypatch):
    backends = dict(dispatch.BACKENDS)
    last = backends.pop('torch')
    backends |= {
        'broken': Backend(fake('broken'), None, lambda: 'absent'),
        'other': Backend(fake('other')),
        'torch': last,
    }
    monkeypatch.setattr(dispatch, 'BACKENDS', backends)
    monkeypatch.setattr(dispatch, 'choose_backend', lambda device, name: 'kernel')
    assert selective_scan(*five(), initial_state=torch.ones(2, 4, 2)) == 'other'


def test_an_unknown_backend_is_named_with_the_known_ones():
    with pytest.raises(ValueError, match=r"'triten' does not exist.*'torch'"):
        selective_scan(*five(), backend='triten')


def test_a_backend_that_does_not_work_says_why(table):
    table['kernel'] = 'it is not installed.'
    with pytest.raises(RuntimeError, match=r"'kernel' does not work here: it is not"):
        check_backend('kernel')


def test_a_backend_for_another_device_is_an_error(table):
    with pytest.raises(ValueError, match=r"'kernel' runs on 'cuda'.*on 'cpu'"):
        choose_backend('cpu', 'kernel')


@pytest.mark.parametrize('name', [None, 'torch', 'reference'])
def test_a_backend_that_works_passes_the_check(name):
    check_backend(name)


def test_a_gpu_takes_whole_sequences_and_a_cpu_shares_their_parts(monkeypatch):
    assert prefers_short_scans('cpu')
    assert prefers_short_scans('cpu', 'reference')
    assert prefers_short_scans('cuda', 'torch')
    for name in ('mamba_ssm', 'triton'):
        kernel = BACKENDS[name]._replace(find_problem=lambda: None)
        monkeypatch.setitem(BACKENDS, name, kernel)
        assert not prefers_short_scans('cuda', name)
