import argparse
import importlib
import resource
import sys
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

ROOT = Path(__file__).parents[4]
sys.path.insert(0, str(ROOT / 'tools'))
step_options = importlib.import_module('benchmarks.speed.step_options')


def make(config, **changes):
    args = argparse.Namespace(batch=32, splits=[8, 4, 1], amp=True)
    vars(args).update(changes)
    cfg = Config.fromfile(ROOT / 'configs/mvlr' / config)
    return step_options.contestants(cfg, args)


def test_all_options_have_the_smallest_part_and_all_splits_the_whole_batch():
    found = make('mvlr_rn101_coco.py')
    assert list(found) == [
        'float32',
        'float32, channels_last',
        'bfloat16',
        'bfloat16, channels_last',
        'float32, fused AdamW',
        'float32, as the config has it',
        'bfloat16, as the config has it',
        '8 x 4, bfloat16',
        '4 x 8, bfloat16',
        '1 x 32, bfloat16',
    ]
    for name, told in found.items():
        split = ' x ' in name
        assert told['batch'] * told['count'] == (32 if split else 4)
        assert told['amp'] == ('bfloat16' in name)
        if split:
            key = 'optim_wrapper.accumulative_counts'
            assert told['options'] == {key: told['count']}
        elif 'as the config' in name:
            assert told['options'] == {}
        else:
            assert told['options'] == {
                'optim_wrapper.optimizer.fused': 'fused' in name,
                'model.backbone.channels_last': 'last' in name,
            }


def test_another_backbone_has_no_layout_to_choose():
    assert not any('last' in name for name in make('stock_mobilenetv2_custom.py'))


@pytest.fixture
def limit(monkeypatch):
    limits = []
    monkeypatch.setattr(resource, 'setrlimit', lambda what, size: limits.append(size))
    return limits


@pytest.mark.parametrize(
    'error',
    [
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"),
        RuntimeError('std::bad_alloc'),
        torch.OutOfMemoryError('CUDA out of memory.'),
        MemoryError(),
    ],
    ids=lambda error: str(error)[:20],
)
def test_a_child_without_enough_memory_says_so(limit, monkeypatch, capsys, error):
    def fail(args):
        raise error

    monkeypatch.setattr(step_options, '_updates', fail)
    step_options.child(argparse.Namespace(device='cpu'))
    assert capsys.readouterr().out == '{"images_per_second": null, "peak_gb": null}\n'
    ((soft, hard),) = limit
    assert soft == hard > 2**20


def test_another_error_of_a_child_is_not_hidden(limit, monkeypatch):
    def fail(args):
        raise RuntimeError('shapes differ')

    monkeypatch.setattr(step_options, '_updates', fail)
    with pytest.raises(RuntimeError, match='shapes differ'):
        step_options.child(argparse.Namespace(device='cpu'))
