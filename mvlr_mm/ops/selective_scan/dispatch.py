"""One function over every implementation of the selective scan."""

import functools
import warnings
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from .graph_scan import selective_scan_graph, supports_graph
from .kernel_check import no_autocast
from .mamba_ssm_scan import (
    find_mamba_ssm_problem,
    selective_scan_mamba_ssm,
    supports_mamba_ssm,
)
from .native_load import find_native_problem
from .native_scan import selective_scan_native, supports_native
from .reference import selective_scan_ref
from .shapes import check_shapes
from .torch_scan import selective_scan_torch
from .triton_scan import find_triton_problem, selective_scan_triton, supports_triton


class Backend(NamedTuple):
    """One implementation of the scan; the defaults say "works anywhere"."""

    scan: Callable[
        ..., Tensor | tuple[Tensor, Tensor]
    ]  # selective_scan_ref's signature
    device: str | None = None  # a torch device type, or None for any
    find_problem: Callable[[], str | None] = lambda: None  # None: it works here
    supports: Callable[[Tensor, Tensor | None, bool], bool] = lambda *_: True
    # whether short scans that go on from each other's state beat longer ones: on a GPU
    # more launches cost more than some steps twice, and mamba-ssm takes no state
    prefers_short: bool = True


# In order of preference. A new backend is one more line.
BACKENDS = {
    'mamba_ssm': Backend(
        selective_scan_mamba_ssm,
        'cuda',
        find_mamba_ssm_problem,
        supports_mamba_ssm,
        prefers_short=False,
    ),
    'triton': Backend(
        selective_scan_triton,
        'cuda',
        find_triton_problem,
        supports_triton,
        prefers_short=False,
    ),
    'native': Backend(
        selective_scan_native, 'cpu', find_native_problem, supports_native
    ),
    'torch': Backend(selective_scan_torch),
    'reference': Backend(selective_scan_ref),
    'graph': Backend(selective_scan_graph, supports=supports_graph),  # for exports
}


def available_backends() -> dict[str, str | None]:
    """Try every backend: its name to None if it works here, else to the reason."""
    return {name: backend.find_problem() for name, backend in BACKENDS.items()}


def check_backend(name: str | None) -> None:
    """Say at once if a config asks for a backend that cannot run here.

    Args:
        name: A key of ``BACKENDS``, or None for a choice by device.

    Raises:
        ValueError: No backend has this name.
        RuntimeError: The backend does not work on this machine.
    """
    if name is None:
        return
    if name not in BACKENDS:
        raise ValueError(
            f'selective scan backend {name!r} does not exist; choose one of '
            f'{", ".join(map(repr, BACKENDS))}, or None for a choice by device.'
        )
    problem = BACKENDS[name].find_problem()
    if problem:
        raise RuntimeError(
            f'selective scan backend {name!r} does not work here: {problem} Mend that, '
            "or use backend='torch', or None for a choice by device."
        )


@functools.cache
def _warn_about_slow_torch(device: str, reasons: str) -> None:
    warnings.warn(
        f'The selective scan runs in plain torch on {device!r}, which is much slower '
        f'than code made for it. The faster backends do not work: {reasons}',
        RuntimeWarning,
        stacklevel=4,
    )


# Under torch.compile the answer is a constant, found outside the graph.
@torch.compiler.assume_constant_result
def choose_backend(device: str, name: str | None = None) -> str:
    """Return the name of the backend that runs on a device.

    Args:
        device: A torch device type, such as 'cpu' or 'cuda'.
        name: A backend asked for, or None for the first of the table that works.

    Raises:
        ValueError: No backend has this name, or it does not run on this device.
        RuntimeError: The backend asked for does not work on this machine.
    """
    check_backend(name)
    if name is not None:
        needs = BACKENDS[name].device
        if needs not in (None, device):
            raise ValueError(
                f'selective scan backend {name!r} runs on {needs!r}, but the tensors '
                f"are on {device!r}: move them, or use backend='torch', or None for a "
                'choice by device.'
            )
        return name
    fitting = [n for n, b in BACKENDS.items() if b.device in (None, device)]
    chosen = next(n for n in fitting if BACKENDS[n].find_problem() is None)
    skipped = fitting[: fitting.index(chosen)]
    if skipped and BACKENDS[chosen].device is None:
        _warn_about_slow_torch(
            device, '; '.join(f'{n}: {BACKENDS[n].find_problem()}' for n in skipped)
        )
    return chosen


def _next_backend(
    name: str, u: Tensor, initial_state: Tensor | None, return_last_state: bool
) -> str:
    """Return the first backend behind ``name`` that does what is asked."""
    names = list(BACKENDS)
    for other in names[names.index(name) + 1 :]:
        backend = BACKENDS[other]
        if (
            backend.device in (None, u.device.type)
            and backend.supports(u, initial_state, return_last_state)
            and works(other)
        ):
            return other
    return 'torch'


@torch.compiler.assume_constant_result
def works(name: str) -> bool:
    """Whether a backend works here; a constant for torch.compile."""
    return BACKENDS[name].find_problem() is None


def prefers_short_scans(device: str, name: str | None = None) -> bool:
    """Whether scans that go on from each other's state are the faster way on a device.

    Args:
        device: A torch device type, such as 'cpu' or 'cuda'.
        name: A backend asked for, or None for a choice by device.

    Raises:
        ValueError: No backend has this name, or it does not run on this device.
        RuntimeError: The backend asked for does not work on this machine.
    """
    return BACKENDS[choose_backend(device, name)].prefers_short


def selective_scan(
    u: Tensor,
    delta: Tensor,
    A: Tensor,
    B: Tensor,
    C: Tensor,
    D: Tensor | None = None,
    z: Tensor | None = None,
    delta_bias: Tensor | None = None,
    delta_softplus: bool = False,
    return_last_state: bool = False,
    initial_state: Tensor | None = None,
    backend: str | None = None,
) -> Tensor | tuple[Tensor, Tensor]:
    """Run a selective state space model (Mamba, https://arxiv.org/abs/2312.00752).

    ``h_t = exp(delta_t A) h_(t-1) + delta_t B_t u_t``;
    ``y_t = (C_t h_t + D u_t) silu(z_t)``. Names, shapes and meaning are mamba-ssm's.
    Letters: B images, D channels, L steps, N state size, G groups of channels. The
    arithmetic is in float32 (float64 if ``u`` is), under autocast, too.

    Args:
        u: Input, (B, D, L).
        delta: Step sizes, (B, D, L).
        A: Real and negative for a state that fades, (D, N).
        B: (B, N, L), or (D, N), or (B, G, N, L).
        C: As B.
        D: Weight of the input in the output, (D,).
        z: Gate, (B, D, L).
        delta_bias: Added to ``delta``, (D,).
        delta_softplus: Whether softplus is applied to ``delta`` after the bias.
        return_last_state: Whether to return h_L, too.
        initial_state: h_0, (B, D, N); zero if None.
        backend: A key of ``BACKENDS``, or None for the fastest that works on the
            device. A call that asks more than a backend can do goes to the next one.

    Returns:
        y, (B, D, L), in the dtype of ``u``; with ``return_last_state`` also the last
        state, (B, D, N), in the dtype of the arithmetic.

    Raises:
        ValueError: A shape does not fit, or the backend does not exist or does not run
            on the device of ``u``.
        RuntimeError: The backend asked for does not work on this machine.
    """
    check_shapes(u, delta, A, B, C, D, z, delta_bias, initial_state)
    name = choose_backend(u.device.type, backend)
    if not BACKENDS[name].supports(u, initial_state, return_last_state):
        name = _next_backend(name, u, initial_state, return_last_state)
    chosen = BACKENDS[name]
    with no_autocast(u.device.type):
        return chosen.scan(
            u,
            delta,
            A,
            B,
            C,
            D=D,
            z=z,
            delta_bias=delta_bias,
            delta_softplus=delta_softplus,
            return_last_state=return_last_state,
            initial_state=initial_state,
        )
