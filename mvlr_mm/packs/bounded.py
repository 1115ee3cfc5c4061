"""A bound on the memory that a model may take while it is built."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only

# Initial values, their copies, and parts that are built and folded into others.
_TIMES, _AND = 8, 2**30
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
    """Adds up what operators would make, before they do."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most
        self.asked = 0

    def __torch_dispatch__(
        self, func: Callable, types: Sequence, args: tuple = (), kwargs: Any = None
    ) -> Any:
        """Run an operator if its tensors are not too large."""
        kwargs = kwargs or {}
        for tensor in _made(func, args, kwargs):
            self.asked += max(tensor.nbytes, _LEAST)
        if self.asked > self.most:
            raise ValueError(
                f'its settings ask for more than {self.most} bytes, far more than its '
                'weights have.'
            )
        return func(*args, **kwargs)


def _made(func: Any, args: tuple, kwargs: dict) -> list[Tensor]:
    """Return what an operator would make, without its memory; no views."""
    schema = func._schema
    if any(result.alias_info is not None for result in schema.returns):
        return []  # of a tensor that is there
    args, kwargs = tree_map_only(Tensor, _shape_of, (args, kwargs))
    if any(argument.name == 'device' for argument in schema.arguments):
        kwargs = {**kwargs, 'device': 'meta'}
    try:
        made = func(*args, **kwargs)
    except RuntimeError:  # how large depends on the values, or it fails in earnest, too
        return []
    return [x for x in tree_leaves(made) if isinstance(x, Tensor)]


def _shape_of(x: Tensor) -> Tensor:
    return torch.empty_strided(x.shape, x.stride(), dtype=x.dtype, device='meta')
