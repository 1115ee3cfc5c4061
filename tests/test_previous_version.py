"""What a config of the last version says still works: its types, its arguments.

`previous_version/configs` are the configs as that version had them.
"""

from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmpretrain.registry import (
    DATASETS,
    HOOKS,
    METRICS,
    MODELS,
    TRANSFORMS,
    VISUALIZERS,
)

OLD = Path(__file__).parent / 'previous_version/configs'
NEW = Path(__file__).parents[1] / 'configs'
LEAVES = sorted(OLD.glob('mvlr/*.py'))
SPLITS = ('train', 'val', 'test')


@pytest.mark.parametrize('path', LEAVES, ids=lambda p: p.stem)
def test_everything_that_it_names_is_built(path, tiny_config, tmp_path):
    cfg = tiny_config(path)
    model = MODELS.build(dict(cfg.model, data_preprocessor=dict(cfg.data_preprocessor)))
    build_optim_wrapper(model, cfg.optim_wrapper)
    VISUALIZERS.build(dict(cfg.visualizer, name='tests', save_dir=str(tmp_path)))
    for hook in [*cfg.custom_hooks, *cfg.default_hooks.values()]:
        HOOKS.build(hook)
    for split in SPLITS:
        dataset = cfg[f'{split}_dataloader'].dataset
        assert DATASETS.get(dataset.type) is not None
        for step in dataset.pipeline:
            TRANSFORMS.build(step)
    METRICS.build(cfg.val_evaluator)


#: What does the same today: the reader, Pillow's resize, flip, RandAugment, packing.
TODAY = dict(
    ContiguousFlip=dict(type='RandomFlip'),
    LoadImageFromFile=dict(type='LoadPicture'),
    NativeResize=dict(type='Resize', backend='pillow'),
    PackPlanes=dict(type='PackInputs'),
    TableRandAugment=dict(type='RandAugment'),
)


def _named_alike(dataset):
    """Let both versions name alike what makes the same pixels."""
    steps = [s | TODAY.get(s['type'], {}) for s in map(dict, dataset['pipeline'])]
    return dict(dataset, pipeline=steps)


@pytest.mark.parametrize(
    'path',
    # the quickstart's pictures are drawn anew, and read in another way
    [path for path in LEAVES if 'scenes' not in path.stem],
    ids=lambda p: p.stem,
)
def test_its_text_over_the_bases_of_today_means_the_same_data(path, tmp_path):
    text = path.read_text().replace("'../_base_/", f"'{NEW}/_base_/")
    text = text.replace("_base_ = './", f"_base_ = '{OLD}/mvlr/")
    child = tmp_path / path.name
    child.write_text(text)
    before, now = Config.fromfile(path), Config.fromfile(child)
    for split in SPLITS:
        loader = f'{split}_dataloader'
        old = before[loader].dataset.to_dict()
        assert _named_alike(old) == _named_alike(now[loader].dataset)
    assert now.data_preprocessor.to_dict() == before.data_preprocessor.to_dict()


@pytest.mark.parametrize(
    'name',
    [
        'baseline_rn101_coco',
        'mvlr_custom_small-clip',
        'mvlr_rn101_coco',
        'mvlr_tiny_scenes',
        'mvlr_vitb16_coco',
    ],
)
def test_its_text_over_the_configs_of_today_means_the_same_model(
    name, tmp_path, tiny_config
):
    text = (OLD / f'mvlr/{name}.py').read_text()
    text = text.replace("'../_base_/", f"'{NEW}/_base_/")
    child = tmp_path / f'{name}.py'
    child.write_text(text.replace("_base_ = './", f"_base_ = '{NEW}/mvlr/"))
    shapes = []
    for path in (OLD / f'mvlr/{name}.py', child):
        cfg = tiny_config(path)
        state = MODELS.build(cfg.model).state_dict()
        shapes.append({key: value.shape for key, value in state.items()})
    assert shapes[0] == shapes[1]
