"""Go through the loading of weights without a change of the model."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from ..models.necks import NeckSequence
from .label_weights import named_rows


class _NoCopy(TorchFunctionMode):
    """Let loading go through the model without a change of its weights."""

    def __torch_function__(
        self, func: Callable, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        if func is Tensor.copy_:
            return args[0]
        return func(*args, **(kwargs or {}))


def try_load(
    model: nn.Module, weights: dict[str, Tensor], versions: dict[str, dict]
) -> tuple[list[str], list[str], list[str]]:
    """Return the names of missing and unexpected weights, and errors.

    The model's own loading tells, since its parts may rename, resize or fill in.

    Args:
        model: It is not changed.
        weights: A state dict; it is not changed.
        versions: Metadata of the state dict, by the names of modules.

    Raises:
        ValueError: A part of the model refuses its weights.
    """
    missing: list[str] = []
    unexpected: list[str] = []
    errors: list[str] = []

    def visit(module: nn.Module, part: dict[str, Tensor], prefix: str) -> None:
        lists = (missing, unexpected, errors)
        version = versions.get(prefix[:-1], {})
        module._load_from_state_dict(part, prefix, version, True, *lists)
        for name, child in module.named_children():
            start = f'{prefix}{name}.'
            inner = {k: v for k, v in part.items() if k.startswith(start)}
            visit(child, inner, start)

    known = [(module, module.classes) for _, module in named_rows(model)]
    necks = [
        (module, module.sequence, module.sequence_of)
        for module in model.modules()
        if isinstance(module, NeckSequence)
    ]
    try:
        with torch.no_grad(), _NoCopy():
            visit(model, dict(weights), '')
    finally:
        for module, classes in known:
            module.classes = classes
        for module, sequence, names in necks:
            module.sequence, module.sequence_of = sequence, names
    return missing, unexpected, errors
