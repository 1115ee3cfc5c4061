"""The batch of a config is that of a step, however many processes share it."""

from mmengine.runner import Runner


def share_batch(runner: Runner) -> None:
    """Give each process its part of the batch, and say what a step is made of.

    ``train_dataloader.batch_size`` is the number of pictures that all processes take
    together; each takes as many as the others, so their number has to divide it. With
    ``accumulative_counts`` a step of the optimizer has that many batches, which
    ``auto_scale_lr`` then counts, too.

    Args:
        runner: Its data are not loaded yet; the config that it keeps and writes stays
            as it is.

    Raises:
        ValueError: The processes cannot share the batch evenly, or the rate is to be
            scaled and the config does not say from which batch.
    """
    loader, processes = runner._train_dataloader, runner.world_size
    if 'batch_size' not in (loader or {}):
        raise ValueError(
            'train_dataloader has no batch_size, the pictures of a step that all '
            'processes share; set it, and leave batch_sampler out.'
        )
    batch = loader['batch_size']
    if batch % processes:
        raise ValueError(_uneven(batch, processes))
    runner._train_dataloader = {**loader, 'batch_size': batch // processes}
    parts = runner.optim_wrapper.get('accumulative_counts', 1)
    pictures = batch * parts
    factors = [
        f'{number} {name}'
        for number, name in ((processes, 'processes'), (parts, 'parts'))
        if number > 1
    ]
    shared = ' x '.join([*factors, f'{batch // processes} pictures'])
    runner.logger.info(
        f'A step of the optimizer takes {pictures} pictures'
        f'{": " + shared if factors else ""}.'
    )
    scale = runner.auto_scale_lr or {}
    base, enabled = scale.get('base_batch_size'), scale.get('enable', False)
    if base is None:
        if enabled:
            raise ValueError(
                '--auto-scale-lr needs the batch that the learning rate is for: set '
                'auto_scale_lr.base_batch_size in the config.'
            )
    elif enabled:
        # mmengine compares with the pictures of one part
        runner.auto_scale_lr = {**scale, 'base_batch_size': base / parts}
    elif pictures != base:
        runner.logger.warning(
            f'The learning rate is for steps of {base} pictures and these have '
            f'{pictures}; --auto-scale-lr multiplies it by {pictures / base:g}.'
        )


def _uneven(batch: int, processes: int) -> str:
    """Return what is wrong and what would fit."""
    below, above = batch - batch % processes, batch + processes - batch % processes
    sizes = ' or '.join(str(size) for size in (below, above) if size)
    counts = [n for n in range(1, batch + 1) if batch % n == 0]
    fewer = max(n for n in counts if n < processes)
    more = min((n for n in counts if n > processes), default=None)
    fitting = f'{fewer} or {more}' if more else f'{fewer}'
    return (
        f'train_dataloader.batch_size={batch} is the batch of a step and {processes} '
        f'processes cannot share it evenly; set it to {sizes} (--auto-scale-lr scales '
        f'the learning rate), or start {fitting} processes.'
    )
