"""The selective scan in C++ on the CPU."""

from typing import Any

import torch
from torch import Tensor

from .native_load import load_first
from .reference import scan_dtype
from .scan_ops import define_scan, run_scan

_OPERATOR = 'scan_native'

define_scan(_OPERATOR)
load_first(_OPERATOR)
load_first(f'{_OPERATOR}_backward')


def supports_native(
    u: Tensor, initial_state: Tensor | None, return_last_state: bool
) -> bool:
    """Whether the arithmetic is in float32, the only one that is written in C++."""
    return scan_dtype(u) == torch.float32


def selective_scan_native(*args: Any, **kwargs: Any) -> Tensor | tuple[Tensor, Tensor]:
    """Run the scan in C++, differentiable once, the last state included.

    See :func:`~mvlr_mm.ops.selective_scan.selective_scan` for the arguments. As in
    plain torch, B or C of shape (D, N) are allowed but costly.
    """
    return run_scan(torch.ops.mvlr_mm.scan_native.default, *args, **kwargs)
