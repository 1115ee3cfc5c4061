"""A bound on the memory that a model may take while it is built."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from torch.utils._python_dispatch import TorchDispatchMode

# Initial values, their copies, and parts that are built and folded into others.
_TIMES, _AND = 8, 2**30
_MAKERS = ('empty', 'zeros', 'ones', 'full', 'rand', 'arange', 'linspace', 'new_')
_LEAST = 2**16  # bytes for which any tensor counts: there are to be few of them


@contextmanager
def bounded(size: int) -> Iterator[None]:
    """Stop whatever makes more and larger tensors than some weights explain.

    Args:
        size: Of the weights, in bytes.

    Raises:
        ValueError: By what is run within.
    """
    with _Bound(_TIMES * size + _AND):
        yield


class _Bound(TorchDispatchMode):
    """Adds up what is asked of the functions that make tensors."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most
        self.asked = 0

    def __torch_dispatch__(
        self, func: Callable, types: Sequence, args: tuple = (), kwargs: Any = None
    ) -> Any:
        """Run an operator if its tensor is not too large."""
        if func.__name__.startswith(_MAKERS):
            shape = next((x for x in args if isinstance(x, (list, tuple))), ())
            self.asked += max(4 * math.prod(shape), _LEAST)
            if self.asked > self.most:
                raise ValueError(
                    f'its settings ask for more than {self.most} bytes, far more than '
                    'its weights have.'
                )
        return func(*args, **(kwargs or {}))
