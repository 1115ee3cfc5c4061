import copy

import pytest
import torch
from mmengine.hooks import EMAHook
from mmengine.model import BaseModel, ExponentialMovingAverage
from mmengine.runner import Runner
from mmpretrain.registry import MODELS
from torch import nn

from mvlr_mm.engine import TrainedWeightsEMA, load_weights
from mvlr_mm.engine.hooks.report_average import shares_kept


class Model(BaseModel):
    """A frozen part, BatchNorm, and a part that trains."""

    def __init__(self):
        super().__init__()
        self.frozen = nn.Linear(3, 200).requires_grad_(False)
        self.norm = nn.BatchNorm1d(200)
        self.head = nn.Linear(200, 1)

    def forward(self, inputs, mode='loss'):
        return dict(loss=self.head(self.norm(self.frozen(inputs))).pow(2).mean())


def make():
    torch.manual_seed(0)
    return Model()


def change(model):
    """Do what a training step does."""
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(torch.randn_like(parameter))
    model(torch.randn(8, 3))


def equal(found, expected):
    torch.testing.assert_close(found, expected, rtol=0, atol=0)


def test_a_model_may_have_no_buffers():
    model = nn.Linear(3, 2)
    average = TrainedWeightsEMA(model, momentum=0.1)
    for _ in range(2):
        average.update_parameters(model)
    equal(average.module.weight, model.weight)


@pytest.mark.parametrize('update_buffers', [False, True])
@pytest.mark.parametrize('interval', [1, 2])
def test_equals_the_average_of_everything(update_buffers, interval):
    options = dict(momentum=0.1, interval=interval, update_buffers=update_buffers)
    model = make()
    ours = MODELS.build(
        dict(type='TrainedWeightsEMA', model=model, warmup=0, **options)
    )
    theirs = ExponentialMovingAverage(model, **options)
    for _ in range(5):
        change(model)
        ours.update_parameters(model)
        theirs.update_parameters(model)
        equal(ours.state_dict(), theirs.state_dict())
    assert not torch.equal(ours.module.head.weight, model.head.weight)
    assert all(not parameter.requires_grad for parameter in ours.parameters())


@pytest.mark.parametrize('update_buffers', [False, True])
def test_a_parameter_with_two_names_moves_once(update_buffers):
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    model[1].weight = model[0].weight
    options = dict(momentum=0.25, warmup=0, update_buffers=update_buffers)
    average = TrainedWeightsEMA(model, **options)
    for value in (0.0, 8.0):  # the first update copies
        nn.init.constant_(model[0].weight, value)
        average.update_parameters(model)
    for layer in average.module:
        equal(layer.weight, torch.full((2, 2), 2.0))


def test_older_configs_name_it_otherwise():
    assert MODELS.get('TrainableEMA') is TrainedWeightsEMA


def test_what_is_frozen_is_there_once():
    model = make()
    average = TrainedWeightsEMA(model)
    assert average.module.frozen.weight is model.frozen.weight
    assert average.module.head.weight is not model.head.weight
    assert not any('frozen' in name for name in average.avg_parameters)


def test_what_is_frozen_later_is_averaged_and_what_trains_later_is_refused():
    model = make()
    average = TrainedWeightsEMA(model, momentum=0.5)
    model.head.requires_grad_(False)
    average.update_parameters(model)
    model.frozen.weight.requires_grad_(True)
    message = r'frozen\.weight was frozen when the average was made.*ExponentialMoving'
    with pytest.raises(ValueError, match=message):
        average.update_parameters(model)


def run(folder, ema_type, resume=None):
    rows = torch.randn(8, 3, generator=torch.Generator().manual_seed(0))
    loader = dict(
        dataset=list(rows),
        batch_size=4,
        collate_fn=lambda batch: dict(inputs=torch.stack(batch)),
        sampler=dict(type='DefaultSampler', shuffle=False),
    )
    ema = dict(type='EMAHook', ema_type=ema_type, momentum=0.1, update_buffers=True)
    if ema_type == 'TrainedWeightsEMA':
        ema['warmup'] = 0
    Runner(
        make(),
        str(folder),
        train_dataloader=copy.copy(loader),
        train_cfg=dict(by_epoch=True, max_epochs=4),
        optim_wrapper=dict(optimizer=dict(type='AdamW', lr=1e-2, weight_decay=0)),
        custom_hooks=[ema],
        load_from=resume,
        resume=resume is not None,
        default_scope='mmpretrain',
        experiment_name=folder.name,
    ).train()
    return folder


def test_checkpoints_are_those_of_mmengine_but_smaller(tmp_path):
    names = ('ExponentialMovingAverage', 'TrainedWeightsEMA')
    theirs, ours = (run(tmp_path / name, name) for name in names)
    sizes = [(f / 'epoch_2.pth').stat().st_size for f in (ours, theirs)]
    assert sizes[1] - sizes[0] > 4 * 3 * 200
    for epoch in (2, 4):
        loaded = [load_weights(f / f'epoch_{epoch}.pth') for f in (ours, theirs)]
        for part in ('state_dict', 'ema_state_dict'):
            equal(loaded[0][part], loaded[1][part])
    for start in (ours, theirs):
        resumed = run(
            tmp_path / f'after_{start.name}',
            'TrainedWeightsEMA',
            str(start / 'epoch_2.pth'),
        )
        found, expected = (load_weights(f / 'epoch_4.pth') for f in (resumed, ours))
        for part in ('state_dict', 'ema_state_dict', 'optimizer'):
            equal(found[part], expected[part])


def test_the_swap_for_evaluation_goes_there_and_back():
    model = make()
    hook = EMAHook('TrainedWeightsEMA', momentum=0.5, update_buffers=True)
    hook.before_run(type('Runner', (), dict(model=model)))
    for _ in range(2):
        change(model)
        hook.ema_model.update_parameters(model)
    trained = copy.deepcopy(model.state_dict())
    averaged = copy.deepcopy(hook.ema_model.module.state_dict())
    hook._swap_ema_parameters()
    equal(model.state_dict(), averaged)
    hook._swap_ema_parameters()
    equal(model.state_dict(), trained)
    assert not torch.equal(trained['head.weight'], averaged['head.weight'])


@pytest.mark.parametrize(('momentum', 'interval'), [(3e-4, 1), (0.3, 1), (3e-4, 3)])
def test_the_warm_up_is_that_of_tensorflow(momentum, interval):
    model = nn.Linear(1, 1, bias=False).double()
    ours = TrainedWeightsEMA(model, momentum=momentum, interval=interval)
    expected = None
    for step in range(60):
        with torch.no_grad():
            model.weight.fill_(float(step**2))
        ours.update_parameters(model)
        if expected is None:
            expected = float(step**2)
        elif step % interval == 0:
            n = step // interval
            decay = min(1 - momentum, (1 + n) / (10 + n))
            expected = decay * expected + (1 - decay) * step**2
    assert ours.module.weight.item() == pytest.approx(expected, rel=1e-6)


def weights_of_steps(count, momentum, warmup):
    """Return how much each update, the first being the start, has of the average."""
    shares = shares_kept(count - 1, momentum, warmup)
    return [*(shares[:-1] - shares[1:]), shares[-1]]


def test_a_long_run_forgets_the_warm_up_and_a_short_one_its_start():
    coco = 30 * 2587
    with_warmup, without = (weights_of_steps(coco, 3e-4, warmup) for warmup in (9, 0))
    difference = sum(abs(a - b) for a, b in zip(with_warmup, without, strict=True))
    assert difference < 2e-6
    assert shares_kept(600, 3e-4, 0)[-1] == pytest.approx(0.835, abs=1e-3)
    assert shares_kept(600, 3e-4, 9)[-1] < 1e-9


def test_a_warm_up_below_nothing_is_refused():
    with pytest.raises(
        ValueError, match=r'warmup \(-1\) must be a finite number, at least 0'
    ):
        TrainedWeightsEMA(nn.Linear(1, 1), warmup=-1)


@pytest.mark.parametrize('interval', [0, -1, 1.5])
def test_an_interval_is_a_number_of_steps(interval):
    with pytest.raises(ValueError, match=r'interval \(.*\) must be a whole number, at'):
        TrainedWeightsEMA(nn.Linear(1, 1), interval=interval)


def test_a_model_that_trains_nothing_has_an_average_as_well():
    model = nn.Linear(2, 2).requires_grad_(False)
    average = TrainedWeightsEMA(model, momentum=0.1)
    for _ in range(3):
        average.update_parameters(model)
    assert average.module.weight is model.weight
