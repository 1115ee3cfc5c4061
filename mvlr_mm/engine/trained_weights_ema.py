"""An average of the weights that train, and of those alone."""

import torch
from mmengine.model import ExponentialMovingAverage
from mmpretrain.registry import MODELS
from torch import nn

from ..argument_checks import check_count, check_number


# the first name is today's, the second that of older configs
@MODELS.register_module(name=['TrainedWeightsEMA', 'TrainableEMA'])
class TrainedWeightsEMA(ExponentialMovingAverage):
    """Exponential moving average that shares what is frozen with the model.

    mmengine's average copies every parameter and moves every one after each step, also
    those that cannot change, such as a frozen text tower. Here parameters that are
    frozen at the start are the model's own, in memory and in checkpoint files, and the
    others move in one call. The weights are the same.

    The memory grows from nothing: the n-th update gives the model at least the weight
    ``warmup / (warmup + 1 + n)``, as ``tf.train.ExponentialMovingAverage`` does with
    ``num_updates`` (its decay is ``min(decay, (1 + n) / (10 + n))``). Otherwise the
    average of a short run would be mostly the weights of its start. A long run forgets
    the warm-up: with a momentum of 3e-4 it is over after 30,000 updates, and 30 epochs
    of COCO have 77,600.

    For ``EMAHook(ema_type='TrainedWeightsEMA', ...)``; it and mmengine's average read
    each other's checkpoints.

    Args:
        model: The model to be averaged.
        momentum: Weight of the model in each step, in (0, 1).
        interval: Steps from one update to the next.
        update_buffers: Average the buffers as well, rather than copy them.
        warmup: Length of the warm-up; 0 for none, which is mmengine's average.

    Raises:
        ValueError: ``momentum`` is not in (0, 1), ``interval`` below 1 or no whole
            number, or ``warmup`` below 0 or not finite.
    """

    def __init__(
        self,
        model: nn.Module,
        momentum: float = 2e-4,
        interval: int = 1,
        update_buffers: bool = False,
        warmup: float = 9,
    ) -> None:
        check_number('momentum', momentum, above=0, below=1)
        check_count('interval', interval)
        check_number('warmup', warmup, at_least=0)
        super().__init__(model, momentum, interval, update_buffers=update_buffers)
        self.warmup = warmup
        frozen = {
            name: parameter
            for name, parameter in model.named_parameters(remove_duplicate=False)
            if not parameter.requires_grad
        }
        for name, parameter in frozen.items():
            owner, _, last = name.rpartition('.')
            setattr(self.module.get_submodule(owner), last, parameter)
            # which holds the copy that the base class has made
            self.avg_parameters.pop(name, None)
        self._shared = frozen
        # a state dict of all names would take longer than the average of those that
        # move; what modules add to one, such as names of labels, has no average, and
        # what has two names has one
        places = {}
        for name in self.avg_parameters:
            place = _place(model, name)
            if hasattr(*place):
                places.setdefault(id(getattr(*place)), (name, place))
        self._places = dict(places.values())

    @torch.no_grad()
    def update_parameters(self, model: nn.Module) -> None:
        """Move the average towards the model.

        Args:
            model: The one that was given at the start.

        Raises:
            ValueError: A parameter trains that was frozen at the start.
        """
        self._check_frozen()
        steps = int(self.steps)
        pairs = [
            (self.avg_parameters[name], getattr(*place).detach())
            for name, place in self._places.items()
        ]
        if steps == 0:
            for average, source in pairs:
                average.copy_(source)
        elif steps % self.interval == 0:
            floating = [pair for pair in pairs if pair[0].is_floating_point()]
            if floating:  # an empty list would be an error
                torch._foreach_lerp_(
                    *map(list, zip(*floating, strict=True)),
                    momentum_of(steps // self.interval, self.momentum, self.warmup),
                )
        buffers = list(model.buffers())
        if buffers and not self.update_buffers:
            torch._foreach_copy_(list(self.module.buffers()), buffers)
        self.steps += 1

    def _check_frozen(self) -> None:
        for name, parameter in self._shared.items():
            if parameter.requires_grad:
                raise ValueError(
                    f'{name} was frozen when the average was made and trains now, so '
                    'TrainedWeightsEMA has no average of it; use EMAHook(ema_type='
                    "'ExponentialMovingAverage')."
                )


def _place(model: nn.Module, name: str) -> tuple[nn.Module, str]:
    """Return the module that owns a parameter or buffer, and its name there."""
    owner, _, last = name.rpartition('.')
    return model.get_submodule(owner), last


def momentum_of(update: int, momentum: float, warmup: float) -> float:
    """Return the weight of the model in the n-th update, n from 1."""
    return max(momentum, warmup / (warmup + 1 + update)) if warmup else momentum
