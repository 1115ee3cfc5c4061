"""Keep parts of any model from training."""

import logging
from collections.abc import Sequence

from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.model import is_model_wrapper
from mmengine.optim import OptimWrapper
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS
from torch import nn

from ...models.backbones import DenseProjection


@HOOKS.register_module()
class FreezeModules(Hook):
    """Hold modules fixed: no gradient, and eval mode, so that BatchNorm stays too.

    For models whose parts have no ``frozen_stages`` of their own, such as mmpretrain's
    ``TIMMBackbone``. With several processes, the wrapper around the model is made anew
    once they are frozen.

    A warning names projections (:class:`DenseProjection`) that would stay as they were
    drawn.

    Args:
        names: Dotted names of the modules in the model, e.g. ``['backbone']``.
    """

    # before the optimizer's gradients are first asked for
    priority = 'VERY_HIGH'

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)

    def before_run(self, runner: Runner) -> None:
        """Stop the gradients before an average of the weights that train is made."""
        if isinstance(runner.optim_wrapper, OptimWrapper):  # in training
            self.freeze(_unwrapped(runner))

    def before_train(self, runner: Runner) -> None:
        """Find the modules and stop their gradients.

        Raises:
            ValueError: The model has no module of that name.
        """
        model = _unwrapped(runner)
        self.freeze(model)
        _tell_of_drawn(model)
        if model is not runner.model:
            # the wrapper of several processes waits for the gradient of whatever
            # trained when it was made
            settings = runner.cfg.get('model_wrapper_cfg')
            runner.model = runner.wrap_model(settings, model)

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict | None = None
    ) -> None:
        """Undo what the loop's ``model.train()`` did to them."""
        self.hold(_unwrapped(runner))

    def freeze(self, model: nn.Module) -> None:
        """Stop the gradients of the named modules.

        Raises:
            ValueError: The model has no module of that name.
        """
        modules = dict(model.named_modules())
        for name in self.names:
            if name not in modules:
                parts = [n for n, _ in model.named_children()]
                raise ValueError(
                    f'FreezeModules: the model has no module {name!r}; its parts are '
                    f'{parts}, and theirs follow after a dot.'
                )
            modules[name].requires_grad_(False)

    def hold(self, model: nn.Module) -> None:
        """Put the named modules in eval mode."""
        for name in self.names:
            # asked for by name: wrapping with `sync_bn` replaces modules
            module = model.get_submodule(name)
            if module.training:
                module.eval()


def _tell_of_drawn(model: nn.Module) -> None:
    for name, module in model.named_modules():
        drawn = isinstance(module, DenseProjection) and module.is_as_drawn()
        if drawn and not module.proj.weight.requires_grad:
            print_log(
                f'FreezeModules holds {name}.proj, whose weights are random since no '
                'checkpoint has filled them: it will never learn. If this is not '
                "meant, freeze the trunk alone, such as names=['backbone.trunk'].",
                'current',
                logging.WARNING,
            )


def _unwrapped(runner: Runner) -> nn.Module:
    return runner.model.module if is_model_wrapper(runner.model) else runner.model
