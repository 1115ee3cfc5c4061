"""Load a whole checkpoint, or stop before the first step."""

from collections.abc import Sequence
from copy import deepcopy

from mmengine.hooks import Hook
from mmengine.model import BaseTTAModel
from mmengine.runner import BaseLoop, Runner
from mmpretrain.registry import HOOKS

from ...labels.record import RECORD, decode_record
from ..fit_weights import check_allow, fit_checkpoint, unwrap
from ..label_weights import named_rows


@HOOKS.register_module()
class CheckWeights(Hook):
    """Refuse a checkpoint that does not fit the model; mmengine only warns.

    It looks at the weights and at their average by EMAHook, in ``load_from``,
    ``resume`` and tests. With ``load_from`` and ``allow=['labels']`` a model with other
    labels trains on: it takes everything but what belongs to single labels. A test, or
    a run that is resumed, with the labels of its checkpoint takes all of it.

    Args:
        allow: What may differ: ``missing``, ``unexpected``, ``labels``; see
            :func:`mvlr_mm.engine.fit_weights.fit_weights`.

    Raises:
        ValueError: ``allow`` has another word; or, when a checkpoint is loaded, it does
            not fit, or is resumed without its optimizer or with its labels in another
            order.
    """

    # before EMAHook and others that copy the model or take from the checkpoint
    priority = 'VERY_HIGH'

    def __init__(self, allow: Sequence[str] = ()) -> None:
        self.allow = check_allow(allow)

    def before_run(self, runner: Runner) -> None:
        """Let a model for test-time augmentation, and copies of it, be loaded."""
        if isinstance(runner.model, BaseTTAModel):
            runner.model._register_load_state_dict_pre_hook(_name_as_inside)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Compare before anything is loaded."""
        source = str(runner._load_from or 'the checkpoint')
        whole = 'labels' in self.allow and self._take_whole(runner, checkpoint)
        if not whole:
            fit_checkpoint(runner.model, checkpoint, self.allow, source)
        if runner._resume:
            _check_whole(checkpoint, source)
            if 'labels' in self.allow and not whole:
                raise ValueError(
                    "CheckWeights(allow=['labels']) is for load_from; a resumed run "
                    'has the labels of its checkpoint: leave it out, or do not resume.'
                )
            self._check_labels(runner, checkpoint['state_dict'])

    def _take_whole(self, runner: Runner, checkpoint: dict) -> bool:
        """Fit a checkpoint of these very labels, and say whether it is one.

        It is where the run that ``load_from`` began is tested, validated, or resumed.
        """
        loops = runner._train_loop, runner._test_loop, runner._val_loop
        loop = next(loop for loop in loops if isinstance(loop, BaseLoop))
        if loop is runner._train_loop and not runner._resume:
            return False
        data = getattr(loop.dataloader.dataset, 'metainfo', None) or {}
        stored = (checkpoint.get('meta') or {}).get('dataset_meta') or {}
        names = [set(meta.get('classes') or ()) for meta in (data, stored)]
        if not names[0] or names[0] != names[1]:
            return False
        copy = checkpoint | dict(meta=deepcopy(checkpoint['meta']))
        rest = [word for word in self.allow if word != 'labels']
        try:
            fit_checkpoint(runner.model, copy, rest)
        except ValueError:  # another template, for one
            return False
        checkpoint.update(copy)
        return True

    def _check_labels(self, runner: Runner, weights: dict) -> None:
        for prefix, module in named_rows(unwrap(runner.model)):
            key = prefix + RECORD
            if module.classes is None or key not in weights:
                continue
            stored = decode_record(weights[key], key)['classes']
            if stored != list(module.classes):
                raise ValueError(
                    f'{prefix}classes are in another order than in the checkpoint that '
                    "is resumed, and so is the optimizer's state; give them in the "
                    'same order, or start from its weights with load_from.'
                )


def _check_whole(checkpoint: dict, source: str) -> None:
    """Refuse to resume from less than mmengine needs, some of which it passes over."""
    meta = checkpoint.get('meta') or {}
    lacking = [f'meta.{name}' for name in ('epoch', 'iter') if name not in meta]
    lacking += [part for part in ('message_hub', 'optimizer') if part not in checkpoint]
    if lacking:
        raise ValueError(
            f'{source} cannot be resumed, since it has no {", ".join(lacking)}; files '
            'named best_... are saved without. Resume from epoch_... or iter_..., or '
            'start from its weights with load_from.'
        )


def _name_as_inside(state_dict: dict, prefix: str, *args: object) -> None:
    """Rename the weights of a model for the wrapper around it, whose part it is."""
    inside = f'{prefix}module.'
    names = [name for name in state_dict if name.startswith(prefix)]
    if not any(name.startswith(inside) for name in names):
        for name in names:
            state_dict[inside + name[len(prefix) :]] = state_dict.pop(name)
