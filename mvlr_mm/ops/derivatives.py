"""What the operators do not differentiate, they refuse."""

from contextlib import ExitStack
from typing import Any

import torch
from torch import Tensor
from torch._C._functorch import TransformType, get_unwrapped, maybe_get_level
from torch._functorch.pyfunctorch import retrieve_all_functorch_interpreters
from torch.autograd import forward_ad


def refuse_second_gradient(ctx: Any, *gradients: Tensor) -> None:
    """Stand where the gradient of a backward would.

    Raises:
        RuntimeError: Always.
    """
    raise RuntimeError(
        'This selective scan can be differentiated once; for a gradient of a gradient '
        "use backend='reference'."
    )


def refuse_forward_mode(*inputs: Tensor | None) -> None:
    """Stop forward-mode differentiation, which torch.library's operators cannot join.

    They would drop the tangents, and a derivative would be zero without a word.

    Args:
        *inputs: Of an operator.

    Raises:
        RuntimeError: One of them has a tangent.
    """
    # graphs have no tangents; and where no forward mode is on there are none
    if torch.compiler.is_compiling() or forward_ad._current_level < 0:
        return
    for tensor in inputs:
        if tensor is not None and _has_tangent(tensor):
            raise RuntimeError(
                'The selective scan and its convolution have no forward-mode '
                'derivative (torch.func.jvp, jacfwd, torch.autograd.forward_ad): use '
                'reverse mode, such as '
                "torch.func.vjp, or backend='reference'."
            )


def _has_tangent(tensor: Tensor) -> bool:
    # Each of torch.func's transforms wraps tensors once more, and sees its own wrap.
    with ExitStack() as lowered:
        for transform in reversed(retrieve_all_functorch_interpreters()):
            forward = transform.key() == TransformType.Jvp
            if forward and forward_ad.unpack_dual(tensor).tangent is not None:
                return True
            if maybe_get_level(tensor) == transform.level():
                tensor = get_unwrapped(tensor)
            lowered.enter_context(transform.lower())
        return forward_ad.unpack_dual(tensor).tangent is not None
