"""The selective scan in C++ on the CPU, built at its first use."""

import functools
import math
import os
import platform
import re
import time
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.autograd.function import once_differentiable

from .reference import scan_dtype

SOURCE = Path(__file__).parent / 'csrc' / 'selective_scan.cpp'
# The library is kept between runs, so it is built for what torch says of this CPU and
# never for more (`-march=native` would break on the older machines of a cluster).
_CPU_FLAGS = {
    'AVX512': ['-mavx512f', '-mavx512vl', '-mavx512bw', '-mavx512dq', '-mfma'],
    'AVX2': ['-mavx2', '-mfma'],
}
_STALE_LOCK_SECONDS = 600


def build_directory() -> Path:
    """Return where the library of this torch, Python and CPU is kept."""
    from torch.utils import cpp_extension

    root = os.environ.get('TORCH_EXTENSIONS_DIR')
    root = root or cpp_extension.get_default_build_root()
    key = (torch.__version__, platform.python_version(), _cpu())
    return Path(root) / re.sub(r'\W', '_', '-'.join(('mvlr_mm_scan', *key)))


def _cpu() -> str:
    return torch.backends.cpu.get_cpu_capability()


def build() -> None:
    """Compile the operators, or take those that are there, and register them.

    Processes that start together wait for the first one.

    Raises:
        Exception: Whatever the compiler, ninja or the loader had to complain about.
    """
    from torch.utils.cpp_extension import load

    directory = build_directory()
    directory.mkdir(parents=True, exist_ok=True)
    # A process that was killed while it compiled leaves its lock: all would wait.
    lock = directory / 'lock'
    if lock.exists() and time.time() - lock.stat().st_mtime > _STALE_LOCK_SECONDS:
        lock.unlink(missing_ok=True)
    load(
        'mvlr_mm_scan',
        [str(SOURCE)],
        extra_cflags=[
            '-O3',
            '-ffp-contract=fast',
            '-fopenmp',
            *_CPU_FLAGS.get(_cpu(), []),
        ],
        extra_ldflags=['-fopenmp'],
        build_directory=str(directory),
        is_python_module=False,
    )
    # Shapes alone, for torch.compile.
    torch.library.register_fake('mvlr_mm::scan_forward', _fake_forward)
    torch.library.register_fake('mvlr_mm::scan_backward', _fake_backward)


@functools.cache
def find_native_problem() -> str | None:
    """Return why the operators cannot be built here, or None; tried once."""
    try:
        build()
    # Building may fail in any way: no compiler, no ninja, no space, another torch's
    # headers.
    except Exception as error:
        lines = str(error).splitlines() or [type(error).__name__]
        reason = next((line for line in lines if 'error:' in line), lines[0])
        return (
            f'the C++ scan could not be built ({reason}); it needs ninja '
            '(`pip install ninja`) and a C++17 compiler (such as g++) on the PATH.'
        )
    return None


def supports_native(
    u: Tensor, initial_state: Tensor | None, return_last_state: bool
) -> bool:
    """Whether the arithmetic is in float32, the only one that is written in C++."""
    return scan_dtype(u) == torch.float32


def _fake_forward(
    u: Tensor,
    delta: Tensor,
    A: Tensor,
    B: Tensor,
    C: Tensor,
    initial_state: Tensor,
    chunk: int,
) -> tuple[Tensor, Tensor, Tensor]:
    chunks = -(-u.shape[2] // chunk)
    starts = u.new_empty(len(u), chunks, A.shape[1], u.shape[1]).transpose(2, 3)
    return torch.empty_like(u), torch.empty_like(initial_state), starts


def _fake_backward(
    grad_y: Tensor,
    grad_last: Tensor,
    u: Tensor,
    delta: Tensor,
    A: Tensor,
    B: Tensor,
    C: Tensor,
    starts: Tensor,
    chunk: int,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    return tuple(map(torch.empty_like, (u, delta, A, B, C, grad_last)))


class _Scan(torch.autograd.Function):
    """The bare recurrence: u, delta (B, D, L); A (D, N); B, C (B, G, L, N).

    Kept for the backward is the state before each chunk; see the C++ source.
    """

    @staticmethod
    def forward(
        ctx: Any,
        u: Tensor,
        delta: Tensor,
        A: Tensor,
        B: Tensor,
        C: Tensor,
        initial_state: Tensor,
    ) -> tuple[Tensor, Tensor]:
        # At least 16 steps: for N = 16 the states then take no more room than u.
        ctx.chunk = max(16, math.isqrt(u.shape[2]))
        y, last, starts = torch.ops.mvlr_mm.scan_forward(
            u, delta, A, B, C, initial_state, ctx.chunk
        )
        ctx.save_for_backward(u, delta, A, B, C, starts)
        return y, last

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, grad_y: Tensor, grad_last: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
        return torch.ops.mvlr_mm.scan_backward(
            grad_y, grad_last, *ctx.saved_tensors, ctx.chunk
        )


def _grouped(matrix: Tensor, u: Tensor, groups: int) -> Tensor:
    """Bring any allowed form of B or C to (B, G, L, N)."""
    if matrix.dim() == 2:  # (D, N): every channel is a group of its own
        return matrix[None, :, None].expand(len(u), -1, u.shape[2], -1).contiguous()
    if matrix.dim() == 3:
        matrix = matrix[:, None]
    matrix = matrix.transpose(2, 3)
    return matrix.repeat_interleave(groups // matrix.shape[1], dim=1).contiguous()


def _count_groups(matrix: Tensor) -> int:
    return {2: len(matrix), 3: 1, 4: matrix.shape[1]}[matrix.dim()]


def selective_scan_native(
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
) -> Tensor | tuple[Tensor, Tensor]:
    """Run the scan in C++, differentiable once, the last state included.

    See :func:`~mvlr_mm.ops.selective_scan.selective_scan` for the arguments. As in
    plain torch, B or C of shape (D, N) are allowed but costly.
    """
    x, step, A, B, C = (t.float() for t in (u, delta, A, B, C))
    if delta_bias is not None:
        step = step + delta_bias.float()[:, None]
    if delta_softplus:
        step = F.softplus(step)
    if initial_state is None:
        initial_state = x.new_zeros(len(x), *A.shape)
    groups = math.lcm(_count_groups(B), _count_groups(C))
    y, last_state = _Scan.apply(
        x,
        step,
        A,
        _grouped(B, u, groups),
        _grouped(C, u, groups),
        initial_state.float(),
    )
    if D is not None:
        y = y + D.float()[:, None] * x
    if z is not None:
        y = y * F.silu(z.float())
    y = y.to(u.dtype)
    return (y, last_state) if return_last_state else y
