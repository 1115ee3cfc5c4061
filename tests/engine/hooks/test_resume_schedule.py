import pytest
import torch
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.optim import CosineAnnealingLR, ReduceOnPlateauLR
from mmengine.runner import Runner
from torch import nn

from mvlr_mm.engine.hooks.resume_schedule import _steps_at_validations

COSINE = dict(type='CosineAnnealingLR', by_epoch=True, convert_to_iter_based=True)
WARM = [
    dict(type='LinearLR', start_factor=0.1, by_epoch=False, end=5),
    dict(type='CosineAnnealingLR', begin=1, convert_to_iter_based=True),
]
STEPS = dict(type='MultiStepLR', milestones=[1, 3], gamma=0.1)
CYCLE = dict(type='OneCycleLR', eta_max=0.5, by_epoch=True, convert_to_iter_based=True)
ITERATIONS = dict(type='CosineAnnealingLR', by_epoch=False)


class Model(BaseModel):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(1, 1)

    def forward(self, inputs, mode='loss'):
        return dict(loss=self.fc(inputs).pow(2).mean())


class Watch(Hook):
    """Keep rate, weight decay and pictures of every step."""

    def __init__(self):
        self.rates, self.decays, self.rows = [], [], []

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        (group,) = runner.optim_wrapper.param_groups
        self.rates.append(group['lr'])
        self.decays.append(group['weight_decay'])
        self.rows.append(data_batch['inputs'].flatten().tolist())


def run(
    folder,
    schedule=COSINE,
    resume=False,
    start=None,
    rows=20,
    batch=4,
    lr=0.1,
    decay=0.01,
    accumulate=1,
    every=None,
    **train_cfg,
):
    """Train; return what was watched and the runner."""
    torch.manual_seed(0)
    watch = Watch()
    checkpoint = dict(type='CheckpointHook', interval=1)
    if every:
        checkpoint = dict(type='CheckpointHook', interval=every, by_epoch=False)
    runner = Runner(
        Model(),
        str(folder),
        train_dataloader=dict(
            dataset=[torch.tensor([float(i)]) for i in range(rows)],
            batch_size=batch,
            num_workers=0,
            collate_fn=lambda found: dict(inputs=torch.stack(found)),
            sampler=dict(type='DefaultSampler', shuffle=True),
        ),
        train_cfg=dict(by_epoch=True) | train_cfg,
        optim_wrapper=dict(
            optimizer=dict(type='SGD', lr=lr, momentum=0.9, weight_decay=decay),
            accumulative_counts=accumulate,
        ),
        param_scheduler=schedule,
        default_hooks=dict(
            resume=dict(type='ResumeSchedule'), checkpoint=checkpoint, logger=None
        ),
        custom_hooks=[watch],
        load_from=resume if isinstance(resume, str) else start,
        resume=bool(resume),
        default_scope='mmpretrain',
        experiment_name=f'{folder.parent.name}-{folder.name}-{bool(resume)}',
        randomness=dict(seed=None if resume else 7),
        cfg=dict(param_scheduler=schedule),
    )
    runner.train()
    return watch, runner


@pytest.mark.parametrize(
    ('schedule', 'change'),
    [
        (COSINE, dict()),
        (WARM, dict(lr=0.05, decay=0.0)),
        (STEPS, dict(lr=0.05)),
        (CYCLE, dict()),
    ],
    ids=['cosine', 'warm-up', 'steps', 'cycle'],
)
def test_a_resumed_run_ends_as_a_straight_one(tmp_path, schedule, change):
    run(tmp_path / 'short', schedule, max_epochs=2)
    resumed, _ = run(tmp_path / 'short', schedule, resume=True, max_epochs=4, **change)
    straight, _ = run(tmp_path / 'long', schedule, max_epochs=4, **change)
    assert resumed.rates == straight.rates[10:]
    assert resumed.decays == straight.decays[10:]
    assert straight.rates[-1] != straight.rates[10]
    assert resumed.rows == straight.rows[10:]


def test_no_schedule_takes_the_rate_of_the_config(tmp_path):
    run(tmp_path / 'run', None, max_epochs=1)
    resumed, _ = run(tmp_path / 'run', None, resume=True, max_epochs=2, lr=0.3)
    assert resumed.rates == [0.3] * 5


def test_another_schedule_takes_over(tmp_path):
    run(tmp_path / 'run', STEPS, max_epochs=1)
    resumed, _ = run(tmp_path / 'run', WARM, resume=True, max_epochs=3)
    straight, _ = run(tmp_path / 'straight', WARM, max_epochs=3)
    assert resumed.rates == straight.rates[5:]


@pytest.mark.parametrize('change', [dict(rows=36), dict(batch=10)], ids=str)
def test_an_epoch_of_another_length(tmp_path, change):
    run(tmp_path / 'short', WARM, max_epochs=2)
    resumed, runner = run(tmp_path / 'short', WARM, resume=True, max_epochs=4, **change)
    straight, _ = run(tmp_path / 'long', WARM, max_epochs=4, **change)
    half = len(straight.rates) // 2
    assert resumed.rates == straight.rates[half:]
    assert runner.iter == len(straight.rates) == runner.max_iters


def test_the_same_settings_go_on_bit_by_bit(tmp_path):
    _, straight = run(tmp_path / 'long', WARM, max_epochs=3, every=1)
    for iteration in (5, 7, 10):  # an end of an epoch, the middle of one
        path = str(tmp_path / f'long/iter_{iteration}.pth')
        folder = tmp_path / f'from_{iteration}'
        _, resumed = run(folder, WARM, resume=path, max_epochs=3)
        assert (resumed.epoch, resumed.iter) == (3, 15)
        for name, value in straight.model.state_dict().items():
            assert torch.equal(resumed.model.state_dict()[name], value)


def test_the_middle_of_an_epoch_goes_on_with_what_is_to_come(tmp_path):
    straight, _ = run(tmp_path / 'long', max_epochs=4, every=7)
    path = str(tmp_path / 'long/iter_7.pth')
    resumed, _ = run(tmp_path / 'again', resume=path, max_epochs=4)
    assert resumed.rates == straight.rates[7:]
    assert resumed.rows == straight.rows[7:]
    epoch = [row for batch in resumed.rows[3:8] for row in batch]
    assert sorted(epoch) == list(range(20))


def test_the_middle_of_an_epoch_of_another_length(tmp_path):
    run(tmp_path / 'long', max_epochs=2, every=7)  # 2 of 5 iterations are done
    path = str(tmp_path / 'long/iter_7.pth')
    resumed, _ = run(tmp_path / 'again', resume=path, max_epochs=4, batch=2)
    straight, _ = run(tmp_path / 'straight', max_epochs=4, batch=2)
    assert resumed.rates == straight.rates[14:]  # 4 of 10 count as done


def test_the_last_gradients_are_used_where_a_batch_goes_in_parts(tmp_path):
    run(tmp_path / 'short', max_epochs=1)
    _, runner = run(
        tmp_path / 'short', resume=True, max_epochs=2, batch=3, accumulate=4
    )
    assert runner.optim_wrapper._inner_count == runner.max_iters == 14


def test_iterations_in_place_of_epochs(tmp_path):
    options = dict(by_epoch=False, schedule=ITERATIONS, rows=48)
    run(tmp_path / 'short', every=6, max_iters=6, **options)
    resumed, _ = run(tmp_path / 'short', resume=True, max_iters=12, **options)
    straight, _ = run(tmp_path / 'long', max_iters=12, **options)
    assert resumed.rates == straight.rates[6:]
    assert straight.rates[-1] < 0.1 * straight.rates[0]


def test_weights_alone_start_a_run_of_their_own(tmp_path):
    run(tmp_path / 'short', max_epochs=1)
    path = str(tmp_path / 'short/epoch_1.pth')
    fine, _ = run(tmp_path / 'fine', start=path, max_epochs=2)
    straight, _ = run(tmp_path / 'straight', max_epochs=2)
    assert fine.rates == straight.rates


def test_a_checkpoint_behind_the_end_is_refused(tmp_path):
    run(tmp_path / 'run', max_epochs=2)
    message = r'10 iterations \(epoch 2\).*ends after 5 \(epoch 1\)'
    with pytest.raises(ValueError, match=message):
        run(tmp_path / 'run', resume=True, max_epochs=1)


def test_a_schedule_in_epochs_needs_a_training_in_epochs(tmp_path):
    with pytest.raises(ValueError, match='CosineAnnealingLR is counted in epochs'):
        run(tmp_path / 'run', by_epoch=False, max_iters=12)


def test_a_schedule_of_validations_goes_with_iterations(tmp_path):
    plateau = dict(type='ReduceOnPlateauLR', monitor='loss', patience=1000)
    watch, _ = run(tmp_path / 'run', schedule=plateau, by_epoch=False, max_iters=2)
    assert len(watch.rates) == 2


@pytest.mark.parametrize('plateau', ['ReduceOnPlateauLR', ReduceOnPlateauLR])
@pytest.mark.parametrize('cosine', ['CosineAnnealingLR', CosineAnnealingLR])
def test_schedules_of_validations_are_known_by_name_and_by_class(plateau, cosine):
    assert _steps_at_validations(plateau)
    assert not _steps_at_validations(cosine)
