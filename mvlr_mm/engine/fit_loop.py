"""A training for models that have nothing to train."""

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.hooks import EMAHook
from mmengine.runner import EpochBasedTrainLoop, Runner
from mmpretrain.registry import LOOPS

from .fit_weights import unwrap


@LOOPS.register_module()
class FitLoop(EpochBasedTrainLoop):
    """Show a training-free head the pictures, without their labels, and fit it.

    The head's ``observe`` gets the features of each batch, and its ``fit`` is called
    after the epoch; a head without them sees no picture. Hooks, validation and
    checkpoints are those of any training, so that the result is tested, tagged with and
    packed like any other. No weight changes.

    ``train_cfg = dict(_delete_=True, type='FitLoop', max_epochs=1)``

    Args:
        runner: Of one process.
        *args: As in ``EpochBasedTrainLoop``.
        **kwargs: As there.

    Raises:
        ValueError: There are several processes, each of which would see, and fit its
            head to, a part of the pictures; or an ``EMAHook``, whose average would take
            the place of what is fitted.
    """

    def __init__(self, runner: Runner, *args: Any, **kwargs: Any) -> None:
        if runner.world_size > 1:
            raise ValueError(
                'FitLoop trains nothing and needs one process, which sees every '
                f'picture, not {runner.world_size}; start it by `mvlr train CONFIG`.'
            )
        if any(isinstance(hook, EMAHook) for hook in runner.hooks):
            raise ValueError(
                'FitLoop fits the head at its end, and an EMAHook would validate and '
                'save an average of before; leave it out of custom_hooks.'
            )
        super().__init__(runner, *args, **kwargs)

    def run_epoch(self) -> None:
        """Observe every batch, then fit.

        Raises:
            ValueError: The run goes on in the middle of an epoch: a checkpoint has not
                what the head observed before.
        """
        runner = self.runner
        head = unwrap(runner.model).head
        length = len(self.dataloader)
        if hasattr(head, 'observe') and self._iter % length:
            raise ValueError(
                f'FitLoop: the checkpoint has seen {self._iter % length} of {length} '
                'batches of an epoch, and the head would be fitted to the others '
                'alone; start anew, without --resume, or resume from the checkpoint '
                'of an epoch.'
            )
        runner.call_hook('before_train_epoch')
        runner.model.eval()
        if hasattr(head, 'observe'):
            for idx, batch in enumerate(self.dataloader):
                self.run_iter(idx, batch)
            head.fit()
        runner.call_hook('after_train_epoch')
        self._epoch += 1

    def run_iter(self, idx: int, data_batch: Sequence[dict]) -> None:
        """Observe a batch."""
        model = unwrap(self.runner.model)
        self.runner.call_hook('before_train_iter', batch_idx=idx, data_batch=data_batch)
        with torch.no_grad():
            inputs = model.data_preprocessor(data_batch, False)['inputs']
            model.head.observe(model.features(inputs))
        self.runner.call_hook(
            'after_train_iter', batch_idx=idx, data_batch=data_batch, outputs={}
        )
        self._iter += 1
