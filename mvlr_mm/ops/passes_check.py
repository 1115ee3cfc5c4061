"""Finding out whether the kernels of QMVL's passes can be trusted on a GPU."""

import functools
import warnings
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from .selective_scan.kernel_check import draw_normal, find_difference
from .selective_scan.reference import selective_scan_ref
from .selective_scan.triton_scan import selective_scan_triton
from .triton_passes import conv_passes, merge_passes

_PATCHES, _LABELS, _WIDTH, _STATES, _ORDER = 5, 3, 8, 4, 'P-FB-S2'


def _steps(block: int, second: int) -> Tensor:
    """Return the token that a pass has at each step."""
    former, latter = torch.arange(_PATCHES), _PATCHES + torch.arange(_LABELS)
    if block == 1:
        former, latter = latter, former
    return torch.cat([former, latter.flip(0) if second else latter])


def _plain_conv(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    rows, taps = x.shape[2], weight.shape[2]
    results = []
    for block in (0, 1):
        passes = torch.stack([x[block][:, _steps(block, second)] for second in (0, 1)])
        padded = F.pad(passes, (0, 0, taps - 1, 0))
        parts = [padded[:, :, k : k + rows] * weight[block, :, k] for k in range(taps)]
        results.append(F.silu(sum(parts) + bias[block]))
    return torch.stack(results)


def _plain_merge(y: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
    merged = []
    for block in (0, 1):
        places = [_steps(block, second).argsort() for second in (0, 1)]
        both = y[block, 0][:, places[0]] + y[block, 1][:, places[1]]
        merged.append(both * F.silu(z[block]))
    return merged[1][:, :_PATCHES], merged[0][:, _PATCHES:]


def _plain_scan(*inputs: Tensor) -> Tensor:
    u, delta, A, B, C, D = (t.chunk(2) for t in inputs)
    runs = zip(u, delta, A, B, C, D, strict=True)
    return torch.cat([selective_scan_ref(*run) for run in runs])


@torch.inference_mode(False)  # a first call may come from within
def check_passes(device: str) -> str | None:
    """Call the kernels once: None if values and gradients are right, else what is not.

    Args:
        device: Where to run the small example.
    """
    generator = torch.Generator('cpu').manual_seed(0)
    rows = _PATCHES + _LABELS

    def draw(*shape: int) -> Tensor:
        return draw_normal(generator, *shape).to(device).requires_grad_()

    tokens = (2, 2, rows, _WIDTH)
    conv = draw(*tokens), draw(2, _WIDTH, 4), draw(2, _WIDTH)
    merge = draw(2, 2, 2, rows, _WIDTH), draw(*tokens)
    matrices = draw(4, _STATES, rows), draw(4, _STATES, rows)
    rates = (-draw(2 * _WIDTH, _STATES).detach().exp()).requires_grad_()
    steps = draw(4, _WIDTH, rows).detach().abs().requires_grad_()
    scan = (draw(4, _WIDTH, rows), steps, rates, *matrices, draw(2 * _WIDTH))

    def run(
        conv_of: Callable[..., Tensor],
        merge_of: Callable[..., tuple[Tensor, Tensor]],
        scan_of: Callable[..., Tensor],
    ) -> Tensor:
        results = conv_of(*conv), *merge_of(*merge), scan_of(*scan)
        loss = sum(result.sin().sum() for result in results)
        parts = (*results, *torch.autograd.grad(loss, [*conv, *merge, *scan]))
        return torch.cat([part.flatten() for part in parts])

    how = dict(patches=_PATCHES, order=_ORDER)
    return find_difference(
        "Triton's kernels of QMVL's passes",
        lambda: run(
            functools.partial(conv_passes, **how),
            functools.partial(merge_passes, **how),
            selective_scan_triton,
        ),
        lambda: run(_plain_conv, _plain_merge, _plain_scan),
    )


@torch.compiler.assume_constant_result
@functools.cache
def passes_work() -> bool:
    """Whether the kernels can be trusted on this GPU; tried once, with a warning."""
    problem = check_passes('cuda')
    if problem:
        warnings.warn(
            f"QMVL's blocks run one after the other: {problem}",
            RuntimeWarning,
            stacklevel=2,
        )
    return problem is None
