"""Remembering in evaluation what no picture changes."""

from collections.abc import Callable
from typing import TypeVar

import torch
from torch import nn

Result = TypeVar('Result')


class EvalCache(nn.Module):
    """A module that computes some things once for each set of weights.

    Whatever may change the weights comes through one of three methods, which forget:
    a switch of the mode, a cast or a move, and loading. EMAHook swaps weights silently,
    but before ``eval()`` and before ``train()``.
    """

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self._remembered: dict[str, tuple[object, object]] = {}

    def remember(
        self, name: str, compute: Callable[[], Result], of: object = None
    ) -> Result:
        """Return what ``compute`` gives, or gave before for the same object.

        Nothing is remembered in training, nor while gradients are wanted.

        Args:
            name: Of the result.
            compute: Called without arguments.
            of: What the result was computed from; another object, and it is computed
                again.
        """
        if self.training or torch.is_grad_enabled():
            return compute()
        if name not in self._remembered or self._remembered[name][0] is not of:
            self._remembered[name] = (of, compute())
        return self._remembered[name][1]

    def forget(self) -> None:
        """Compute everything again the next time."""
        self._remembered.clear()

    def train(self, mode: bool = True) -> 'EvalCache':
        """Set the mode and forget."""
        self.forget()
        return super().train(mode)

    def _apply(self, fn: Callable, recurse: bool = True) -> 'EvalCache':
        self.forget()
        return super()._apply(fn, recurse)

    def _load_from_state_dict(self, *args: object) -> None:
        self.forget()
        super()._load_from_state_dict(*args)
