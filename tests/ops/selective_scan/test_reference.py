import math

import torch

from mvlr_mm.ops import selective_scan_ref


def softplus(value):
    return math.log1p(math.exp(value))


def test_it_is_the_recurrence_in_plain_numbers():
    generator = torch.Generator().manual_seed(0)

    def draw(*shape):
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    u, delta, z = draw(2, 3, 5), draw(2, 3, 5), draw(2, 3, 5)
    A, B, C, D, bias = -draw(3, 4).exp(), draw(2, 4, 5), draw(2, 4, 5), draw(3), draw(3)
    start = draw(2, 3, 4)
    y, last = selective_scan_ref(
        u, delta, A, B, C, D, z, bias, True, True, initial_state=start
    )
    for b in range(2):
        for d in range(3):
            state = start[b, d].tolist()
            for t in range(5):
                x = u[b, d, t].item()
                step = softplus(delta[b, d, t].item() + bias[d].item())
                for n in range(4):
                    state[n] *= math.exp(step * A[d, n].item())
                    state[n] += step * B[b, n, t].item() * x
                out = sum(state[n] * C[b, n, t].item() for n in range(4))
                gate = z[b, d, t].item()
                out = (out + D[d].item() * x) * gate / (1 + math.exp(-gate))
                assert math.isclose(y[b, d, t].item(), out, rel_tol=1e-9)
            torch.testing.assert_close(last[b, d], torch.tensor(state).double())


def test_constant_and_grouped_matrices_repeat_themselves():
    generator = torch.Generator().manual_seed(1)
    u = torch.randn(2, 4, 6, generator=generator)
    A = -torch.ones(4, 3)
    constant = torch.randn(4, 3, generator=generator)
    grouped = torch.randn(2, 2, 3, 6, generator=generator)
    spread_constant = constant[None, :, :, None].expand(2, 4, 3, 6)
    spread_grouped = grouped[:, [0, 0, 1, 1]]
    torch.testing.assert_close(
        selective_scan_ref(u, u.abs(), A, constant, grouped),
        selective_scan_ref(u, u.abs(), A, spread_constant, spread_grouped),
    )


def test_low_precision_comes_back_as_it_went_in():
    u = torch.ones(1, 2, 3, dtype=torch.float16)
    y, last = selective_scan_ref(
        u, u, -torch.ones(2, 1), u[:, :1], u[:, :1], return_last_state=True
    )
    assert y.dtype == torch.float16
    assert last.dtype == torch.float32
