"""Remembering in evaluation what no picture changes."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import _disable_current_modes

from .weight_state import WeightState

Result = TypeVar('Result')


class _Remembered(NamedTuple):
    state: WeightState
    result: object


class EvalCache(nn.Module):
    """A module that computes some things once for each set of weights.

    What was computed is kept with the state of all that it was computed from, see
    :class:`WeightState`, and apart for each kind of autocast. Training, a cast or a
    move forget it; so does :meth:`forget`. Copies and replicas of the module begin with
    nothing.

    An exported program has as constants what was computed before the export: run the
    model once, then export it.
    """

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self._remembered: dict[tuple, _Remembered] = {}

    def remember(
        self,
        name: str,
        compute: Callable[[], Result],
        weights: nn.Module | None = None,
        of: Sequence[Tensor] = (),
    ) -> Result:
        """Return what ``compute`` gives, or gave before for the same weights.

        Nothing is remembered in training, nor while gradients are wanted.

        Args:
            name: Of the result.
            compute: Called without arguments.
            weights: Whose weights it uses; those of this module if None.
            of: Tensors that it uses beside them.
        """
        if self.training or torch.jit.is_tracing():  # a trace has no bits to compare
            return compute()
        weights = self if weights is None else weights
        if torch.compiler.is_compiling() and not torch.compiler.is_dynamo_compiling():
            return self._constant(name, compute, weights, of)  # torch.export traces
        if torch.is_grad_enabled():
            return compute()
        return self._recall(name, compute, weights, of)

    @torch.compiler.disable
    def _recall(
        self,
        name: str,
        compute: Callable[[], Result],
        weights: nn.Module,
        of: Sequence[Tensor],
    ) -> Result:
        key = (name, *_mode(weights))
        found = self._remembered.get(key)
        try:
            if found is not None and found.state.same(of):
                return found.result
            state = WeightState(weights, of)
        except RuntimeError:  # without values: of vmap, fake, or on the meta device
            return compute()
        result = compute()
        self._remembered[key] = _Remembered(state, result)
        return result

    def _constant(
        self,
        name: str,
        compute: Callable[[], Result],
        weights: nn.Module,
        of: Sequence[Tensor],
    ) -> Result:
        # While a graph is made the weights are others, without values.
        with _disable_current_modes():
            found = self._remembered.get((name, *_mode(weights)))
            known = found is not None and found.state.untouched(of)
        return found.result if known else compute()

    def forget(self) -> None:
        """Compute everything again the next time."""
        self._remembered.clear()

    def train(self, mode: bool = True) -> 'EvalCache':
        """Set the mode; training forgets."""
        if mode:
            self.forget()
        return super().train(mode)

    def _apply(self, fn: Callable, recurse: bool = True) -> 'EvalCache':
        self.forget()
        return super()._apply(fn, recurse)

    def _replicate_for_data_parallel(self) -> 'EvalCache':
        replica = super()._replicate_for_data_parallel()
        replica._remembered = {}
        return replica

    def __getstate__(self) -> dict:
        return self.__dict__ | {'_remembered': {}}


def _mode(weights: nn.Module) -> tuple:
    """Return what else a result depends on: autocast, and the kind of its tensors."""
    device = next(weights.parameters()).device.type
    casts = torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(
        device
    )
    dtype = torch.get_autocast_dtype(device) if casts else None
    return dtype, torch.is_inference_mode_enabled()
