import importlib
import sys
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.dataset import Compose
from PIL import Image

ROOT = Path(__file__).parents[4]
sys.path.insert(0, str(ROOT / 'tools'))
loader = importlib.import_module('benchmarks.speed.loader')


@pytest.fixture(scope='module')
def cfg():
    return Config.fromfile(ROOT / 'configs/mvlr/mvlr_rn101_coco.py')


def test_drawn_pictures_are_the_same_every_time_and_no_noise(tmp_path):
    paths = loader.draw_pictures(tmp_path, 2, (96, 64))
    first = [path.read_bytes() for path in paths]
    assert first[0] != first[1]
    assert [p.read_bytes() for p in loader.draw_pictures(tmp_path, 2, (96, 64))] == (
        first
    )
    img = np.asarray(Image.open(paths[0])).astype(float)
    assert img.shape == (64, 96, 3)
    step = np.abs(np.diff(img, axis=1)).mean()
    assert 1 < step < img.std() / 2


def test_pictures_of_a_folder_come_in_order(tmp_path):
    for name in ('b.jpg', 'a.JPG', 'c.txt'):
        (tmp_path / name).touch()
    assert [p.name for p in loader.find_pictures(tmp_path, 5)] == ['a.JPG', 'b.jpg']
    assert len(loader.find_pictures(tmp_path, 1)) == 1
    (tmp_path / 'empty').mkdir()
    with pytest.raises(ValueError, match=r'--pictures .*empty: no file ends with'):
        loader.find_pictures(tmp_path / 'empty', 1)


def test_pipelines_differ_in_what_their_names_say(cfg):
    pipelines = loader.pipelines(cfg, 64)
    ours = pipelines.pop(loader.OURS)
    assert [t['type'] for t in ours][:2] == ['LoadPicture', 'NativeResize']
    assert ours[1]['scale'] == (64, 64)
    assert pipelines.pop(loader.MMPRETRAIN)[1]['type'] == 'RandomResizedCrop'
    plain = pipelines.pop(loader.PLAIN)
    assert plain[1] == dict(ours[1], type='Resize', backend='pillow')
    assert [t['type'] for t in plain if t['type'] in ('RandAugment', 'PackInputs')] == [
        'RandAugment',
        'PackInputs',
    ]
    assert not {t['type'] for t in plain} & set(loader.PLAIN_TYPES)
    assert [p[0]['margin'] for p in pipelines.values()] == [1.5, 1.0]
    for pipeline in pipelines.values():
        assert pipeline[0]['scale'] == (64, 64)
        assert pipeline[1:] == ours[1:]
    # the config itself stays as it is
    assert cfg.train_dataloader.dataset.pipeline[1].scale == (448, 448)


def test_a_cached_pipeline_gives_the_configs_pictures(cfg, tmp_path):
    paths = loader.draw_pictures(tmp_path, 2, (128, 96))
    pipeline = loader.pipelines(cfg, 32)[loader.OURS]
    cached = loader.cached_pipeline(pipeline, paths, tmp_path)
    assert cached[1:] == pipeline[2:]
    for path in paths:
        found = []
        for steps in (pipeline[:2], cached[:1]):
            found.append(Compose(steps)(dict(img_path=str(path)))['img'])
        assert np.array_equal(*found)


def test_every_pipeline_loads(cfg, tmp_path):
    paths = loader.draw_pictures(tmp_path, 1, (128, 96))
    ways = loader.contestants(cfg, 32, paths, tmp_path)
    speeds = loader.images_per_second(ways, paths, seconds=0)
    assert list(speeds) == [*loader.pipelines(cfg, 32), loader.CACHED]
    assert all(speed > 0 for speed in speeds.values())
    cores, rate = loader.all_cores(ways[loader.CACHED], paths, seconds=0.1)
    assert cores >= 1
    assert rate > 0
    times = loader.transform_ms(cfg, 32, paths, seconds=0)
    assert list(times) == [t['type'] for t in loader.training_pipeline(cfg, 32)]
    assert all(time > 0 for time in times.values())
