"""Counting what a call hands to the device: each costs a launch, whatever its size."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from torch.utils._python_dispatch import TorchDispatchMode

# these only make room or look at what is there, as the views do
_FREE = ('empty', 'new_empty', '_unsafe_view', 'device')


class _Count(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()
        self.operators: Counter = Counter()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        name = func._schema.name.split('::')[1]
        if not func.is_view and not name.startswith(_FREE):
            self.operators[name] += 1
        return func(*args, **(kwargs or {}))


def operators(function: Callable[[], object]) -> Counter:
    """Count the operators of a call by name, without views and allocations.

    One of torch's is about one launch; one of the project's is counted once, and makes
    one to four.
    """
    with _Count() as count:
        function()
    return count.operators
