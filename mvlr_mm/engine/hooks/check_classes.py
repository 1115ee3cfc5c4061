"""Stop before a model and its data disagree about the labels."""

from collections.abc import Iterator, Sequence

from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS
from torch import nn
from torch.utils.data import DataLoader

from ..fit_weights import unwrap
from ..partial_labels import (
    has_unknown,
    refuse_blended,
    refuse_mixed,
    takes_unknown_for_known,
)


@HOOKS.register_module()
class CheckClassNames(Hook):
    """Compare the model's class names with those of the data.

    The model's names are the attribute ``classes``, a list or tuple of str, of whatever
    modules have one. For models without, such as mmpretrain's own, they are those of
    the data that the checkpoint was trained on, where it tells, and the ``num_classes``
    of the config's head has to be the number of the data's. mmpretrain's
    ``ClassNumCheckHook`` compares numbers only, so it misses another order. A module
    with a method ``check_labels`` is given the names, for a check of its own.

    It looks at unknown labels as well. A mixture of data that mark some and data that
    do not is refused, and so are Mixup and the like on unknown labels; of a loss that
    would take them for known it warns.

    ``default_hooks=dict(check_classes=None)`` switches it off.
    """

    # before EMAHook and others that copy from a checkpoint
    priority = 'HIGH'

    def __init__(self) -> None:
        self._stored: Sequence[str] | None = None

    def before_train(self, runner: Runner) -> None:
        """Check the training data, and the validation data if there are any."""
        self._check_loader(runner, runner.train_dataloader, 'train')
        if has_unknown(runner.train_dataloader.dataset):
            self._check_unknown(runner)
        if runner.val_loop is not None:
            self._check_loader(runner, runner.val_dataloader, 'val')

    def _check_unknown(self, runner: Runner) -> None:
        """Look whether the model can learn from data with unknown labels."""
        model = unwrap(runner.model)
        refuse_blended(model)
        loss = takes_unknown_for_known(model)
        if loss is not None:
            runner.logger.warning(
                f'Labels of the train data are unknown (-1 in gt_score), and {loss} '
                'does not say that it leaves them out, by leaves_out_unknown=True: it '
                'may learn from them as if they were known. LogitAsymmetricLoss does '
                'leave them out.'
            )

    def before_val(self, runner: Runner) -> None:
        """Check the validation data."""
        self._check_loader(runner, runner.val_dataloader, 'val')

    def before_test(self, runner: Runner) -> None:
        """Check the test data."""
        self._check_loader(runner, runner.test_dataloader, 'test')

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Remember the labels of the checkpoint; its weights are taken by name."""
        meta = checkpoint.get('meta') or {}
        self._stored = (meta.get('dataset_meta') or {}).get('classes')

    def _check_loader(self, runner: Runner, loader: DataLoader, split: str) -> None:
        ours = [
            (f'{name}.classes', 'the model', classes)
            for name, classes in _class_lists(runner.model)
        ]
        unnamed = not ours
        if unnamed and self._stored is not None:
            place = 'the checkpoint'
            ours = [(f'the classes of {place}', place, self._stored)]
        dataset = loader.dataset
        source = f'the {split} data ({type(dataset).__name__})'
        refuse_mixed(dataset, source)
        found = (getattr(dataset, 'metainfo', None) or {}).get('classes')
        if found is None and ours:
            runner.logger.warning(
                f"{source} has no metainfo['classes'], so its labels cannot be "
                "compared with the model's."
            )
        if found is None:
            return
        for name, place, classes in ours:
            _compare(name, place, classes, source, found)
        if unnamed:
            _compare_count(runner.cfg, source, len(found))
        for module in runner.model.modules():
            if hasattr(module, 'check_labels'):
                module.check_labels(found)


def _class_lists(model: nn.Module) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield every module that has class names, and the names."""
    for name, module in model.named_modules():
        classes = getattr(module, 'classes', None)
        named = isinstance(classes, (list, tuple)) and len(classes) > 0
        if named and all(isinstance(entry, str) for entry in classes):
            yield f'model.{name}'.rstrip('.'), classes


def _compare_count(cfg: Config, source: str, count: int) -> None:
    """Raise if a config's head is made for another number of labels.

    The config is asked, since mmpretrain's heads keep the number under several names.
    """
    model = cfg.get('model')  # may be a module that is built already
    head = model.get('head') if isinstance(model, dict) else None
    given = head.get('num_classes') if isinstance(head, dict) else None
    if given is not None and given != count:
        raise ValueError(
            f'model.head.num_classes is {given}, but {source} has {count} labels; '
            'give their number.'
        )


def _compare(
    name: str, place: str, ours: Sequence[str], source: str, theirs: Sequence[str]
) -> None:
    """Raise at the first difference of two lists of class names."""
    if list(ours) == list(theirs):
        return
    pairs = enumerate(zip(ours, theirs, strict=False))
    at = next((i for i, (a, b) in pairs if a != b), min(len(ours), len(theirs)))
    first, second = (
        repr(names[at]) if at < len(names) else 'nothing' for names in (ours, theirs)
    )
    raise ValueError(
        f'{name} ({len(ours)} names) and the classes of {source} '
        f'({len(theirs)} names) differ, first at index {at}: {first} in {place}, '
        f'{second} in {source.split(" (")[0]}. Give both the same list, in the same '
        'order.'
    )
