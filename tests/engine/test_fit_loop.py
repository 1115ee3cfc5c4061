"""A training-free head goes through the runner as any other model does."""

import copy
import json

import cv2
import numpy as np
import pytest
import torch
from mmengine.runner import Runner

from mvlr_mm.config import read_config
from mvlr_mm.engine import load_weights

ROOT_CONFIGS = 'configs'
NAMES = ['cat', 'dog', 'sea']


@pytest.fixture
def runner(tiny_clip, tmp_path, monkeypatch, request):
    """A runner of a training-free leaf on eight pictures of noise."""
    rng = np.random.default_rng(0)
    (tmp_path / 'images').mkdir()
    (tmp_path / 'classes.json').write_text(json.dumps(NAMES))
    for split in ('train', 'val', 'test'):
        lines = []
        for i in range(8):
            picture = cv2.resize(rng.integers(0, 255, (3, 4, 3), np.uint8), (64, 64))
            cv2.imwrite(f'{tmp_path}/images/{split}{i}.png', picture)
            lines.append(json.dumps(dict(image=f'{split}{i}.png', labels=[i % 3])))
        (tmp_path / f'{split}.jsonl').write_text('\n'.join(lines))
    clip = tiny_clip('timm')
    monkeypatch.setenv('MVLR_DATA_ROOT', str(tmp_path))
    monkeypatch.setenv('MVLR_CLIP', clip['model'].removesuffix('.json'))
    monkeypatch.setenv('MVLR_IMG_SIZE', '64')
    root = request.config.rootpath / ROOT_CONFIGS
    cfg = read_config(root / request.param)
    for name in ('train', 'val', 'test'):
        cfg[f'{name}_dataloader'].update(num_workers=0, batch_size=3)
    cfg.work_dir = str(tmp_path / 'work')
    cfg.experiment_name = tmp_path.name
    return Runner.from_cfg(cfg)


@pytest.mark.parametrize('runner', ['sparc/sparc_custom_small-clip.py'], indirect=True)
def test_it_observes_every_picture_fits_and_is_saved(runner, tmp_path):
    weights = {k: v.clone() for k, v in runner.model.backbone.state_dict().items()}
    runner.train()
    assert runner.iter == 3
    head = runner.model.head
    assert not head._observed
    assert (head.deviation != 1).all()
    for key, value in runner.model.backbone.state_dict().items():
        assert torch.equal(value, weights[key]), key
    patches = [
        runner.model.features(
            runner.model.data_preprocessor(batch, False)['inputs']
        ).visual
        for batch in runner.train_dataloader
    ]
    assert sum(map(len, patches)) == 8
    (path,) = (tmp_path / 'work').glob('epoch_*.pth')
    stored = load_weights(path)['state_dict']
    torch.testing.assert_close(stored['head.direction'], head.direction)
    assert 'mlgcn/mAP' in runner.test()


@pytest.mark.parametrize(
    'runner', ['tagclip/tagclip_custom_small-clip.py'], indirect=True
)
def test_a_head_with_nothing_to_fit_reads_no_picture(runner, tmp_path):
    runner.train()
    assert runner.iter == 0
    assert list((tmp_path / 'work').glob('epoch_*.pth'))


@pytest.mark.parametrize(
    'runner', ['tagclip/tagclip_custom_small-clip.py'], indirect=True
)
def test_several_processes_are_refused(runner, monkeypatch):
    """Each would fit the head to its part of the pictures."""
    monkeypatch.setattr(runner, '_world_size', 2)
    with pytest.raises(ValueError, match=r'one process.*not 2; start it by `mvlr tr'):
        runner.train()


@pytest.mark.parametrize(
    'runner', ['tagclip/tagclip_custom_small-clip.py'], indirect=True
)
def test_an_average_beside_it_is_refused(runner):
    """It would be of the head as it was before it was fitted."""
    runner.register_hook(dict(type='EMAHook'))
    with pytest.raises(ValueError, match='leave it out of custom_hooks'):
        runner.train()


@pytest.mark.parametrize('runner', ['sparc/sparc_custom_small-clip.py'], indirect=True)
def test_what_was_seen_of_an_epoch_is_not_taken_for_seen(runner, tmp_path):
    """A checkpoint has not what the head remembers of pictures."""
    runner.register_hook(dict(type='CheckpointHook', by_epoch=False, interval=2))
    runner.train()
    cfg = copy.deepcopy(runner.cfg)
    cfg.resume, cfg.load_from = True, str(tmp_path / 'work/iter_2.pth')
    cfg.experiment_name = f'{tmp_path.name}_resumed'
    with pytest.raises(ValueError, match=r'has seen 2 of 3 batches .* start anew'):
        Runner.from_cfg(cfg).train()
