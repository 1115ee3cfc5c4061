import importlib
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / 'tools'))
training_step = importlib.import_module('benchmarks.training_step')


@pytest.fixture
def make(tiny_clip):
    clip = tiny_clip()['model']

    def build(**options):
        names = ('model.backbone.model', 'model.neck.prompt.text_encoder.model')
        widths = (f'model.neck.{name}.embed_dim' for name in ('fusion', 'interaction'))
        options |= dict.fromkeys(names, clip) | dict.fromkeys(widths, 16)
        torch.manual_seed(0)
        return training_step.TrainingStep(
            str(ROOT / 'configs/mvlr/mvlr_tiny_scenes.py'), 2, 64, options=options
        )

    return build


def weights(step):
    named = step.model.named_parameters()
    return {n: p.detach().clone() for n, p in named if p.requires_grad}


def changed(step, before):
    return [n for n, value in weights(step).items() if not value.equal(before[n])]


def test_a_step_trains_with_the_optimizer_and_average_of_the_config(make):
    step = make(**{'optim_wrapper.optimizer.lr': 2e-3})
    before = weights(step)
    step()
    assert changed(step, before)
    assert step.optimizer.optimizer.defaults['lr'] == 2e-3
    (hook,) = step.averages
    assert hook.ema_model.momentum == 0.02
    assert hook.ema_model.steps == 1
    assert step.model.data_preprocessor.mean.flatten()[0] == pytest.approx(
        122.77, abs=1e-2
    )


def test_with_accumulation_the_optimizer_waits(make):
    step = make(**{'optim_wrapper.accumulative_counts': 2})
    before = weights(step)
    step()
    assert not changed(step, before)
    step()
    assert changed(step, before)


def test_a_profile_names_the_parts_in_their_order(make):
    step = make()
    assert list(step.profile(rounds=1)) == [
        'data_preprocessor',
        'backbone',
        'neck.prompt',
        'neck.fusion',
        'neck.interaction',
        'head and losses',
        'backward',
        'optimizer',
        'EMA',
    ]


def test_a_stopwatch_gives_each_part_the_time_since_the_last(monkeypatch):
    times = iter([0.0, 2.0, 3.0, 7.0])
    monkeypatch.setattr(training_step.time, 'perf_counter', lambda: next(times))
    watch = training_step.Stopwatch('cpu')

    def step(mark):
        for part in 'aba':
            mark(part)

    assert watch.lap(step) == {'a': 6.0, 'b': 1.0}


@pytest.mark.parametrize('count', [1, 2, 4])
def test_a_model_of_few_labels_has_no_others_in_its_pictures(make, count):
    step = make(**{'model.neck.prompt.classes': ['cat', 'dog', 'sea', 'bus'][:count]})
    step()
    assert step.labels == [0, 1, 2][:count]
