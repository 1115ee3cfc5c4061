"""The Mamba block that QMVL is built of."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ...argument_checks import check_count, check_number
from ...ops import causal_conv_silu, check_backend, selective_scan
from .guarded_linear import GuardedLinear

# Mamba draws the first step sizes from this range, evenly on a logarithmic scale.
_MIN_STEP, _MAX_STEP = 1e-3, 1e-1
_FLOAT32_PARAMETERS = ('A_log', 'D', 'dt_bias')


def _draw_dt_bias(width: int) -> Tensor:
    """Return a bias whose softplus is a step size of Mamba's first range."""
    low, high = math.log(_MIN_STEP), math.log(_MAX_STEP)
    step = torch.empty(width).uniform_(low, high).exp()
    return step + torch.log(-torch.expm1(-step))  # the inverse of softplus


class Carry(NamedTuple):
    """What a block needs of earlier tokens to go on after them."""

    inputs: Tensor  # (B, inner, conv_width - 1)  the last inputs of the convolution
    state: Tensor  # (B, inner, N)  of the state space model


class MambaBlock(nn.Module):
    """One pre-norm Mamba block, in one direction: step t sees steps up to t.

    LayerNorm; two maps x and z; causal depthwise convolution and SiLU on x; selective
    state space model; times SiLU(z); map out; residual. These are the three linear
    projections, two activations and one SSM of the paper.

    The discretisation is that of `Mamba <https://arxiv.org/abs/2312.00752>`_'s kernel:
    ``exp(delta A)`` for A, as in Eq. 4 of the paper, but Euler's ``delta B`` for B,
    where Eq. 4 writes the full zero-order hold.

    ``A_log``, ``D`` and ``dt_bias`` stay in float32 when the model is cast to half
    precision, and start as in Mamba. They belong out of weight decay.

    Args:
        embed_dim: Width D of the tokens.
        state_dim: State size N of every channel.
        conv_width: Steps that the convolution sees.
        expand: Inner width over ``embed_dim``.
        dt_rank: Rank of the map to the step sizes; ``ceil(embed_dim / 16)`` if None.
        zero_init: Whether the map out starts at zero, the block then as the identity.
        scan_backend: Name of a selective scan backend, or None for a choice by device.

    Raises:
        ValueError: A size is below 1, ``expand`` is no number, or the scan backend does
            not exist.
        RuntimeError: The scan backend does not work on this machine.
    """

    def __init__(
        self,
        embed_dim: int,
        state_dim: int = 16,
        conv_width: int = 4,
        expand: float = 1,
        dt_rank: int | None = None,
        zero_init: bool = False,
        scan_backend: str | None = None,
    ) -> None:
        super().__init__()
        check_number('MambaBlock: expand', expand, above=0)
        inner = int(expand * embed_dim)
        dt_rank = math.ceil(embed_dim / 16) if dt_rank is None else dt_rank
        for name, size in (
            ('embed_dim', embed_dim),
            ('state_dim', state_dim),
            ('conv_width', conv_width),
            ('expand * embed_dim', inner),
            ('dt_rank', dt_rank),
        ):
            check_count(f'MambaBlock: {name}', size)
        check_backend(scan_backend)
        self.scan_backend = scan_backend
        self.split = (dt_rank, state_dim, state_dim)

        self.norm = nn.LayerNorm(embed_dim)
        self.in_x = nn.Linear(embed_dim, inner, bias=False)
        self.in_z = nn.Linear(embed_dim, inner, bias=False)
        self.conv = nn.Conv1d(inner, inner, conv_width, groups=inner)
        self.x_proj = nn.Linear(inner, sum(self.split), bias=False)
        self.dt_proj = GuardedLinear(dt_rank, inner)
        nn.init.uniform_(self.dt_proj.weight, -(dt_rank**-0.5), dt_rank**-0.5)
        self.dt_bias = nn.Parameter(_draw_dt_bias(inner))
        rates = torch.arange(1, state_dim + 1, dtype=torch.float32)
        self.A_log = nn.Parameter(rates.log().repeat(inner, 1))
        self.D = nn.Parameter(torch.ones(inner))
        self.out_proj = GuardedLinear(inner, embed_dim, zero_init=zero_init)

    def forward(self, x: Tensor) -> Tensor:
        """Mix every token with those before it, (B, L, D) to (B, L, D)."""
        tokens = self.norm(x)
        z = self.in_z(tokens).transpose(1, 2)  # (B, inner, L)
        u = self.in_x(tokens).transpose(1, 2)
        u = causal_conv_silu(
            u, self.conv.weight, self.conv.bias, backend=self.scan_backend
        )
        dt, B, C = self.x_proj(u.transpose(1, 2)).split(self.split, dim=-1)
        y = selective_scan(
            u,
            self.dt_proj(dt).transpose(1, 2),
            -self.A_log.exp(),
            B.transpose(1, 2),
            C.transpose(1, 2),
            D=self.D,
            z=z,
            delta_bias=self.dt_bias,
            delta_softplus=True,
            backend=self.scan_backend,
        )
        return x + self.out_proj(y.transpose(1, 2))

    def steps(self, x: Tensor, carry: Carry | None = None) -> tuple[Tensor, Carry]:
        """Convolution, SiLU and state space model, going on after earlier tokens.

        Args:
            x: Normed tokens after ``in_x``, (B, inner, L).
            carry: From the tokens before; None at the start of a sequence.

        Returns:
            What ``forward`` has before the gate z, (B, inner, L), and the carry for
            the tokens that follow.
        """
        width = self.conv.kernel_size[0] - 1
        past = x.new_zeros(*x.shape[:2], width) if carry is None else carry.inputs
        u = causal_conv_silu(
            x, self.conv.weight, self.conv.bias, past, backend=self.scan_backend
        )
        dt, B, C = self.x_proj(u.transpose(1, 2)).split(self.split, dim=-1)
        y, state = selective_scan(
            u,
            self.dt_proj(dt).transpose(1, 2),
            -self.A_log.exp(),
            B.transpose(1, 2),
            C.transpose(1, 2),
            D=self.D,
            delta_bias=self.dt_bias,
            delta_softplus=True,
            return_last_state=True,
            initial_state=None if carry is None else carry.state,
            backend=self.scan_backend,
        )
        # the last inputs, some of which may lie before x; a graph for any length cannot
        # ask how many
        if not isinstance(x.shape[2], torch.SymInt):
            x = x[:, :, max(0, x.shape[2] - width) :]
        inputs = torch.cat([past, x], dim=2)
        return y, Carry(inputs[:, :, inputs.shape[2] - width :], state)

    def _apply(self, fn: Callable[[Tensor], Tensor], *args: Any) -> 'MambaBlock':
        """Move or cast the block, except for the float32 parameters' precision."""
        exact = {name: getattr(self, name).data for name in _FLOAT32_PARAMETERS}
        super()._apply(fn, *args)
        for name, value in exact.items():
            parameter = getattr(self, name)
            if parameter.dtype in (torch.float16, torch.bfloat16):
                parameter.data = value.to(parameter.device)
        return self
