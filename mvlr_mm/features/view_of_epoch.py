"""Another view of each picture in each epoch."""

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS

from ..stores.lists import built_parts
from .load_features import LoadFeatures


@HOOKS.register_module()
class ViewOfEpoch(Hook):
    """Tell :class:`~mvlr_mm.features.LoadFeatures` the epoch and the run's seed.

    A resumed run shows what a straight one does. The loader must read in this process:
    ``num_workers=0``.
    """

    def before_train(self, runner: Runner) -> None:
        """Choose the views of the epoch that the run is in."""
        self._choose(runner, runner.iter)

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: dict | None = None,
    ) -> None:
        """Choose those of the next epoch, before its first batch is read."""
        if (runner.iter + 1) % len(runner.train_dataloader) == 0:
            self._choose(runner, runner.iter + 1)

    def _choose(self, runner: Runner, iteration: int) -> None:
        epoch = iteration // len(runner.train_dataloader)
        for part in built_parts(runner.train_dataloader.dataset):
            for step in part.pipeline.transforms:
                if isinstance(step, LoadFeatures):
                    step.choose(runner.seed, epoch)
