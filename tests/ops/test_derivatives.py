import pytest
import torch
from torch.autograd import forward_ad

from mvlr_mm.ops import causal_conv_silu, selective_scan, selective_scan_ref
from mvlr_mm.ops.derivatives import refuse_forward_mode

X = torch.linspace(-1, 1, 6).view(1, 2, 3)


def in_dual_level(f):
    with forward_ad.dual_level():
        return f(forward_ad.make_dual(X, torch.ones_like(X)))


WAYS = {
    'jvp': lambda f: torch.func.jvp(f, (X,), (X,)),
    'jacfwd': lambda f: torch.func.jacfwd(f)(X),
    'hessian': lambda f: torch.func.hessian(lambda x: f(x).sum())(X),
    'jvp of a gradient': lambda f: torch.func.jvp(
        torch.func.grad(lambda x: f(x).sum()), (X,), (X,)
    ),
    'dual numbers': in_dual_level,
}


def scan(backend):
    def run(u):
        A, B = -torch.ones(2, 4), torch.ones(1, 4, 3)
        return selective_scan(u, u.abs(), A, B, B, backend=backend)

    return run


@pytest.mark.parametrize('way', WAYS)
@pytest.mark.parametrize('operator', ['native', 'torch', 'convolution'])
def test_forward_mode_is_refused_where_it_would_give_zero(operator, way, built):
    f = scan(operator)
    if operator == 'convolution':
        f = lambda x: causal_conv_silu(x, torch.ones(2, 1, 3), torch.ones(2))  # noqa: E731
    with pytest.raises(RuntimeError, match=r"forward-mode.*backend='reference'"):
        WAYS[way](f)


@pytest.mark.parametrize('way', WAYS)
def test_every_way_is_seen_and_what_is_constant_passes(way):
    def refused(x):
        with pytest.raises(RuntimeError, match='forward-mode'):
            refuse_forward_mode(None, x)
        return x**2

    def constant(x):
        refuse_forward_mode(torch.ones(2), None)
        return x**2

    WAYS[way](refused)
    WAYS[way](constant)
    refuse_forward_mode(X)


def test_the_reference_has_a_derivative_forward():
    _, tangent = torch.func.jvp(scan('reference'), (X,), (torch.ones_like(X),))
    A, B = -torch.ones(2, 4), torch.ones(1, 4, 3)
    step = 1e-3
    either = [selective_scan_ref(x, x.abs(), A, B, B) for x in (X + step, X - step)]
    torch.testing.assert_close(
        tangent, (either[0] - either[1]) / (2 * step), rtol=1e-2, atol=1e-3
    )
