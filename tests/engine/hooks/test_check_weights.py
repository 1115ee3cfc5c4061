from types import SimpleNamespace

import pytest
import torch
from mmengine.logging import MMLogger
from mmengine.model import BaseTTAModel
from mmengine.runner import Runner
from mmpretrain.registry import HOOKS, MODELS
from mmpretrain.structures import DataSample

from mvlr_mm.engine import load_weights

NAMES = ('cat', 'traffic light', 'sea')
TOWER = 'neck.prompt.text_encoder.'
LEAN = [dict(type='LeaveOutTextTower')]


class Data(list):
    def __init__(self, classes):
        draw = torch.Generator().manual_seed(0)
        super().__init__(
            dict(
                inputs=torch.randn(3, 64, 64, generator=draw),
                data_samples=DataSample().set_gt_label([i % len(classes)]),
            )
            for i in range(4)
        )
        self.metainfo = dict(classes=classes)


def run(
    model,
    folder,
    epochs=1,
    hooks=(),
    allow=(),
    ema='TrainedWeightsEMA',
    lr=1e-2,
    **given,
):
    Runner(
        model.train(),
        str(folder),
        train_dataloader=dict(
            dataset=Data(model.neck.classes),
            batch_size=2,
            sampler=dict(type='DefaultSampler', shuffle=False),
        ),
        train_cfg=dict(by_epoch=True, max_epochs=epochs),
        optim_wrapper=dict(optimizer=dict(type='AdamW', lr=lr)),
        default_hooks=dict(check_weights=dict(type='CheckWeights', allow=allow)),
        custom_hooks=[
            dict(type='EMAHook', ema_type=ema, momentum=0.1, update_buffers=True),
            *hooks,
        ],
        default_scope='mmpretrain',
        randomness=dict(seed=0),
        experiment_name=folder.name,
        **given,
    ).train()
    return folder / f'epoch_{epochs}.pth'


@pytest.mark.parametrize('ema', ['TrainedWeightsEMA', 'ExponentialMovingAverage'])
def test_resuming_without_the_tower_equals_never_stopping(make_model, tmp_path, ema):
    kwargs = dict(epochs=2, ema=ema)
    straight = load_weights(run(make_model(), tmp_path / 'a', hooks=LEAN, **kwargs))
    half = load_weights(tmp_path / 'a/epoch_1.pth')
    for part, prefix in (('state_dict', ''), ('ema_state_dict', 'module.')):
        found = [key for key in half[part] if TOWER in key]
        assert found == [f'{prefix}{TOWER}left_out']
    # a file from before there was the hook has the tower in it
    run(make_model(), tmp_path / 'old', ema=ema)
    assert (
        f'{TOWER}ln_final.bias'
        in load_weights(tmp_path / 'old/epoch_1.pth')['state_dict']
    )
    for start in ('a', 'old'):
        given = dict(load_from=str(tmp_path / start / 'epoch_1.pth'), resume=True)
        folder = tmp_path / f'after_{start}'
        resumed = load_weights(
            run(make_model(seed=7), folder, hooks=LEAN, **kwargs, **given)
        )
        for part in ('state_dict', 'ema_state_dict', 'optimizer'):
            torch.testing.assert_close(
                resumed[part], straight[part], rtol=0, atol=0, msg=part
            )


def test_training_on_with_other_labels_is_a_line(make_model, tmp_path):
    start = run(make_model(), tmp_path / 'start', hooks=LEAN)
    others = ('dog', 'sea', 'cow', 'bus')
    given = dict(load_from=str(start), hooks=LEAN)
    with pytest.raises(ValueError, match=r"not the same; first only in .*'cat'"):
        run(make_model(others), tmp_path / 'refused', **given)
    assert not list((tmp_path / 'refused').glob('*.pth'))
    # at a rate of zero the end is the start, in the model and in the average
    given |= dict(allow=['labels'], lr=0.0)
    end = load_weights(run(make_model(others), tmp_path / 'end', **given))
    log = next((tmp_path / 'end').glob('*/*.log')).read_text()
    assert 'left out, since it belongs to its labels: neck.prompt.hard' in log
    expected = load_weights(start)['state_dict']
    for part, prefix in (('state_dict', ''), ('ema_state_dict', 'module.')):
        for key, value in expected.items():
            if key not in ('neck.prompt.hard', 'neck.prompt.label_record'):
                assert torch.equal(end[part][prefix + key], value), key
    assert torch.equal(
        end['state_dict']['neck.prompt.hard'], make_model(others).neck.prompt.hard
    )
    given |= dict(resume=True)
    with pytest.raises(ValueError, match='is for load_from; a resumed run has the'):
        run(make_model(others), tmp_path / 'again', **given)
    # the labels of its own checkpoint: the same words go on with a run
    run(make_model(), tmp_path / 'on', **given | dict(epochs=2))


@pytest.mark.parametrize('word', ['val', 'test'])
def test_a_checkpoint_of_the_same_labels_is_looked_at_whole(make_model, tmp_path, word):
    start = run(make_model(), tmp_path / 'start')
    weights = torch.load(start, weights_only=True)
    weights['state_dict']['neck.prompt.hard'] += 1
    torch.save(weights, start)
    model = make_model()
    loader = dict(
        dataset=Data(NAMES),
        batch_size=2,
        sampler=dict(type='DefaultSampler', shuffle=False),
    )
    loop = {f'{word}_dataloader': loader, f'{word}_cfg': {}}
    runner = Runner(
        model,
        str(tmp_path / 'look'),
        **loop,
        **{f'{word}_evaluator': dict(type='MultiLabelMetric', thr=0.5)},
        default_hooks=dict(check_weights=dict(type='CheckWeights', allow=['labels'])),
        default_scope='mmpretrain',
        experiment_name=word,
        load_from=str(start),
    )
    getattr(runner, word)()
    assert torch.equal(
        model.neck.prompt.hard, weights['state_dict']['neck.prompt.hard']
    )


def test_a_resumed_run_keeps_the_order_of_its_labels(make_model, tmp_path):
    start = str(run(make_model(), tmp_path / 'start'))
    other = NAMES[::-1]
    message = r'neck\.prompt\.classes are in another order than in the checkpoint'
    with pytest.raises(ValueError, match=message):
        run(make_model(other), tmp_path / 'b', load_from=start, resume=True, epochs=2)
    run(make_model(other), tmp_path / 'c', load_from=start)


@pytest.mark.parametrize('part', ['optimizer', 'message_hub', 'meta'])
def test_a_run_is_resumed_from_a_whole_checkpoint(make_model, part):
    fake = SimpleNamespace(model=make_model(), _load_from='best.pth', _resume=True)
    whole = dict(
        state_dict=fake.model.state_dict(),
        optimizer={},
        message_hub={},
        meta=dict(epoch=1, iter=2),
    )
    hook = HOOKS.build(dict(type='CheckWeights'))
    hook.after_load_checkpoint(fake, dict(whole))
    del whole[part]
    missing = 'meta.epoch, meta.iter' if part == 'meta' else part
    message = rf'^best\.pth cannot be resumed, since it has no {missing}; .*load_from'
    with pytest.raises(ValueError, match=message):
        hook.after_load_checkpoint(fake, dict(whole))


def test_a_wrapped_model_and_its_average_are_loaded():
    parts = dict(
        type='ImageClassifier',
        backbone=dict(type='LeNet5', num_classes=3),
        head=dict(type='MultiLabelClsHead'),
    )
    wrapped = MODELS.build(dict(type='AverageClsScoreTTA', module=parts))
    assert isinstance(wrapped, BaseTTAModel)
    hook = HOOKS.build(dict(type='CheckWeights'))
    hook.before_run(SimpleNamespace(model=wrapped))
    average = MODELS.build(dict(type='TrainedWeightsEMA', model=wrapped))
    trained = MODELS.build(parts)
    state = {f'module.{k}': v for k, v in trained.state_dict().items()}
    state['steps'] = torch.tensor(5)
    average.load_state_dict(state)
    for key, value in trained.state_dict().items():
        assert torch.equal(average.module.module.state_dict()[key], value)
    wrapped.load_state_dict(average.module.state_dict())  # its own names, too
    assert torch.equal(
        wrapped.module.backbone.features[0].weight, trained.backbone.features[0].weight
    )


def test_the_file_is_named_and_words_are_checked():
    fake = SimpleNamespace(
        model=torch.nn.Linear(2, 2),
        _load_from='a.pth',
        _resume=False,
        logger=MMLogger.get_current_instance(),
    )
    with pytest.raises(ValueError, match=r'^a\.pth does not fit the model, .*weight'):
        HOOKS.build(dict(type='CheckWeights')).after_load_checkpoint(fake, {})
    with pytest.raises(ValueError, match=r"allow \(\['lables'\]\) must be"):
        HOOKS.build(dict(type='CheckWeights', allow=['lables']))
