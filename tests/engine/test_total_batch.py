import copy
from types import SimpleNamespace

import pytest

from mvlr_mm.engine import share_batch


class Log:
    def __init__(self):
        self.said = []

    def info(self, text):
        self.said.append(text)

    warning = info


def runner(batch=32, processes=1, parts=None, scale=None):
    wrapper = {} if parts is None else dict(accumulative_counts=parts)
    return SimpleNamespace(
        _train_dataloader=dict(batch_size=batch, num_workers=2),
        world_size=processes,
        optim_wrapper=wrapper,
        auto_scale_lr=scale,
        logger=Log(),
    )


def ratio(fake):
    """Return the factor that mmengine's ``scale_lr`` takes."""
    pictures = fake.world_size * fake._train_dataloader['batch_size']
    return pictures / fake.auto_scale_lr['base_batch_size']


@pytest.mark.parametrize(
    ('processes', 'parts', 'text'),
    [
        (1, None, 'takes 32 pictures.'),
        (8, None, '32 pictures: 8 processes x 4'),
        (4, 2, '64 pictures: 4 processes x 2 parts x 8 pictures.'),
    ],
)
def test_the_batch_is_that_of_all_processes(processes, parts, text):
    fake = runner(processes=processes, parts=parts)
    config = fake._train_dataloader
    share_batch(fake)
    found = fake._train_dataloader
    assert found == dict(batch_size=32 // processes, num_workers=2)
    assert config['batch_size'] == 32  # what the runner's config shares
    assert text in fake.logger.said[0]


@pytest.mark.parametrize(
    ('batch', 'processes', 'message'),
    [
        (32, 3, r'=32 .* 3 processes .* set it to 30 or 33 .*, or start 2 or 4 proc'),
        (4, 8, r'=4 .* 8 processes .* set it to 8 \(.*, or start 4 processes'),
        (7, 2, r'set it to 6 or 8 .*, or start 1 or 7 processes'),
    ],
)
def test_a_batch_that_cannot_be_shared_is_refused(batch, processes, message):
    with pytest.raises(ValueError, match=message):
        share_batch(runner(batch, processes))


def test_another_batch_than_the_rate_is_for_is_said():
    scale = dict(base_batch_size=32)
    fake = runner(64, 2, scale=copy.copy(scale))
    share_batch(fake)
    assert 'steps of 32 pictures and these have 64' in fake.logger.said[-1]
    assert '--auto-scale-lr multiplies it by 2.' in fake.logger.said[-1]
    fake = runner(32, 2, scale=scale)
    share_batch(fake)
    assert len(fake.logger.said) == 1


@pytest.mark.parametrize(
    ('batch', 'processes', 'parts', 'factor'),
    [(64, 1, None, 2), (32, 8, None, 1), (4, 1, 8, 1), (16, 4, 4, 2)],
)
def test_the_rate_is_scaled_by_the_pictures_of_a_step(batch, processes, parts, factor):
    scale = dict(base_batch_size=32, enable=True)
    fake = runner(batch, processes, parts, scale)
    share_batch(fake)
    assert ratio(fake) == factor


@pytest.mark.parametrize('scale', [dict(enable=True), dict(enable=True, other=1)])
def test_scaling_needs_to_know_from_what(scale):
    with pytest.raises(ValueError, match=r'set auto_scale_lr\.base_batch_size'):
        share_batch(runner(scale=scale))


@pytest.mark.parametrize('loader', [None, dict(batch_sampler=dict(type='Any'))])
def test_without_a_batch_there_is_nothing_to_share(loader):
    fake = runner()
    fake._train_dataloader = loader
    with pytest.raises(ValueError, match='train_dataloader has no batch_size'):
        share_batch(fake)
