"""A resumed run follows the config's schedule, not that of the checkpoint."""

from mmengine.hooks import Hook
from mmengine.optim import OptimWrapper
from mmengine.runner import EpochBasedTrainLoop, Runner
from mmpretrain.registry import HOOKS, PARAM_SCHEDULERS

from ..best_of_folder import keep_to_folder
from ..rest_of_epoch import skip_batches
from ..schedule import Schedule


@HOOKS.register_module()
class ResumeSchedule(Hook):
    """Resume with the optimizer's settings and the schedule of the config.

    mmengine takes both from the checkpoint: with another ``max_epochs``, batch, size of
    the data set, rate, decay or warm-up the resumed run would end somewhere else than a
    straight one, in silence. Here the settings are the config's, and where they or the
    length of an epoch have changed, the schedule is run anew, without training, to the
    place that the run has come to: it goes on as if it had been the config's from the
    start. What the optimizer remembers of the gradients is kept.

    A checkpoint of the middle of an epoch goes on in the middle of that epoch, with the
    pictures that were still to come; mmengine would begin the epoch again. Where an
    epoch has another length now, the place in it is the same share of it.

    Without a checkpoint to resume, it only checks that the schedule can be followed.
    """

    # before the hooks that tell how far the run has come
    priority = 'HIGHEST'

    def before_run(self, runner: Runner) -> None:
        """Keep what the config says, before a checkpoint replaces it.

        Raises:
            ValueError: The training is counted in iterations and a schedule in epochs.
        """
        self._resumed = False
        if isinstance(runner.optim_wrapper, OptimWrapper):
            _check_unit(runner)
            self._schedule = Schedule(runner)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Note whether the run is resumed, rather than started from weights."""
        self._resumed = runner._resume

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Leave out the function of OneCycleLR, which no safe loader admits."""
        found = checkpoint.get('param_schedulers') or []
        for states in found.values() if isinstance(found, dict) else [found]:
            for state in states:
                for name in [name for name, value in state.items() if callable(value)]:
                    del state[name]

    def before_train(self, runner: Runner) -> None:
        """Find the place in the run, and bring the schedule there.

        Raises:
            ValueError: The checkpoint is behind the end of the run, or its schedule
                depends on validations and has changed.
        """
        if not self._resumed:
            return
        keep_to_folder(runner)
        loop = runner.train_loop
        sampler = loop.dataloader.sampler
        if hasattr(sampler, 'seed'):
            # the checkpoint's, where the config gives none: the order of the pictures
            sampler.seed = runner.seed
        length = rest = 0
        if isinstance(loop, EpochBasedTrainLoop):
            length = len(loop.dataloader)
            rest = _settle_epoch(runner, length)
        else:
            rest = loop.iter
        _refuse_past_the_end(runner)
        if rest and length:
            skip_batches(loop.dataloader, rest)
        self._follow(runner, length, rest)

    def _follow(self, runner: Runner, length: int, rest: int) -> None:
        """Bring the schedule to the run's place, where it is not there."""
        schedule = self._schedule
        changes = schedule.changes()
        if not changes and schedule.steps_agree(runner.epoch, runner.iter):
            return
        if any(getattr(s, 'need_val_args', False) for s in schedule.schedulers):
            raise ValueError(
                'the schedule cannot be resumed with other settings, since it depends '
                f'on the validations so far: {"; ".join(changes)}. Resume with the '
                'settings of the checkpoint, or start from its weights with load_from.'
            )
        schedule.replay(runner.epoch if length else 0, length, rest)
        rates = runner.optim_wrapper.get_lr()
        runner.logger.info(
            "Resumed with the schedule of the config, which is not the checkpoint's"
            f'{": " + "; ".join(changes) if changes else ""}. It was run to iteration '
            f'{runner.iter} of {runner.max_iters}: {rates}'
        )


def _check_unit(runner: Runner) -> None:
    """Refuse a schedule in epochs where the training has none."""
    if isinstance(runner.train_loop, EpochBasedTrainLoop):
        return
    found = runner.cfg.get('param_scheduler') or []
    for cfg in [found] if isinstance(found, dict) else found:
        if not isinstance(cfg, dict) or 'type' not in cfg:
            continue
        if _steps_at_validations(cfg['type']):
            continue
        converted = cfg.get('convert_to_iter_based', False) and 'end' in cfg
        if cfg.get('by_epoch', True) and not converted:
            raise ValueError(
                f'param_scheduler {cfg["type"]} is counted in epochs and train_cfg in '
                'iterations, so the schedule would not end with the training; write '
                'by_epoch=False in the param_scheduler, without convert_to_iter_based.'
            )


def _steps_at_validations(kind: str | type) -> bool:
    """Whether a scheduler counts validations, which a training in iterations has too.

    Args:
        kind: As the config says it.
    """
    kind = PARAM_SCHEDULERS.get(kind) if isinstance(kind, str) else kind
    return getattr(kind, 'need_val_args', False)


def _settle_epoch(runner: Runner, length: int) -> int:
    """Find out how far an epoch has come, and count the run in epochs of today.

    Args:
        runner: Its loop is changed in place.
        length: Iterations of an epoch now.

    Returns:
        How many iterations of the next epoch are done.
    """
    loop, hub = runner.train_loop, runner.message_hub
    # the checkpoint's, until the hook of mmengine writes today's
    epochs = hub.get_info('max_epochs') or loop.max_epochs
    before = (hub.get_info('max_iters') or epochs * length) // epochs
    done = loop.iter - loop.epoch * before
    if done == before:  # after the last iteration, before the epoch's end
        loop._epoch, done = loop.epoch + 1, 0
    rest = done * length // before if 0 < done < before else 0
    iteration = loop.epoch * length + rest
    if iteration != loop.iter:
        loop._iter = iteration
        runner.optim_wrapper.initialize_count_status(
            runner.model, iteration, loop.max_iters
        )
    return rest


def _refuse_past_the_end(runner: Runner) -> None:
    past = runner.iter > runner.max_iters
    if past:
        raise ValueError(
            f'the checkpoint has {runner.iter} iterations (epoch {runner.epoch}) and '
            f'train_cfg ends after {runner.max_iters} (epoch {runner.max_epochs}); '
            'raise max_epochs or max_iters, or resume from an earlier checkpoint.'
        )
    if runner.iter == runner.max_iters:
        runner.logger.warning(
            f'The checkpoint has all {runner.max_iters} iterations: nothing is left to '
            'train.'
        )
