"""Every runnable config builds, trains one step and predicts, with a tiny tower."""

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmpretrain.registry import DATASETS, HOOKS, METRICS, MODELS, TRANSFORMS
from mmpretrain.structures import DataSample

import mvlr_mm
from mvlr_mm.labels.names import read_label_names

ROOT = Path(__file__).parents[1] / 'configs'
LEAVES = sorted(p for p in ROOT.glob('[!_]*/**/*.py'))


@pytest.mark.parametrize('path', LEAVES, ids=lambda p: p.stem)
def test_leaf_builds_and_trains_one_step(path, tiny_config):
    cfg = tiny_config(path)
    model = MODELS.build(
        dict(cfg.model, data_preprocessor=dict(cfg.data_preprocessor))
    ).train()
    wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    data = dict(
        inputs=[torch.randint(0, 256, (3, 64, 64), dtype=torch.uint8)] * 2,
        data_samples=[DataSample().set_gt_label([1]), DataSample().set_gt_label([])],
    )
    # at a branch that starts at zero, the first step moves the gain alone
    before = {n: p.clone() for n, p in model.named_parameters() if p.requires_grad}
    losses = model.train_step(data, wrapper)
    assert losses['loss'].isfinite()
    moved = [n for n, p in model.named_parameters() if not p.equal(before.get(n, p))]
    assert any(n.startswith('backbone') for n in moved)
    scores = model.eval().val_step(data)[0].pred_score
    assert scores.dim() == 1
    assert ((scores >= 0) & (scores <= 1)).all()  # random texts can be sure of a thing


@pytest.mark.parametrize('path', LEAVES, ids=lambda p: p.stem)
def test_leaf_leaves_what_it_must_out_of_weight_decay(path, tiny_config):
    cfg = tiny_config(path)
    model = MODELS.build(cfg.model)
    optimizer = build_optim_wrapper(model, cfg.optim_wrapper).optimizer
    decay = {
        id(p): group['weight_decay']
        for group in optimizer.param_groups
        for p in group['params']
    }
    trained = {n: p for n, p in model.named_parameters() if p.requires_grad}
    assert set(decay) == {id(p) for p in trained.values()}
    for name, parameter in trained.items():
        exempt = parameter.dim() < 2 or name.endswith(('context', 'A_log'))
        assert (decay[id(parameter)] == 0) == exempt, name


def test_small_clip_keeps_the_projection_and_trains_the_trunk(tiny_config):
    cfg = tiny_config(ROOT / 'mvlr/mvlr_custom_small-clip.py')
    model = MODELS.build(cfg.model)
    for hook in cfg.custom_hooks:
        if hook.type == 'FreezeModules':
            HOOKS.build(hook).before_train(SimpleNamespace(model=model))
    tower = model.backbone.tower
    assert not any(p.requires_grad for p in tower.proj.parameters())
    assert any(p.requires_grad for p in tower.trunk.parameters())


def test_default_learns_in_bfloat16(tiny_config):
    cfg = tiny_config(ROOT / 'mvlr/mvlr_rn101_coco.py')
    torch.manual_seed(0)
    model = MODELS.build(
        dict(cfg.model, data_preprocessor=dict(cfg.data_preprocessor))
    ).train()
    wrapper = build_optim_wrapper(
        model,
        dict(
            type='AutocastOptimWrapper',
            optimizer=dict(type='AdamW', lr=1e-3),
        ),
    )
    images = torch.randint(0, 256, (4, 3, 64, 64), dtype=torch.uint8)
    samples = [DataSample().set_gt_label(y) for y in ([0], [1], [0, 1], [])]
    data = dict(inputs=list(images), data_samples=samples)
    losses = [model.train_step(data, wrapper)['loss'].item() for _ in range(12)]
    assert losses[-1] < 0.7 * losses[0]
    assert all(p.dtype == torch.float32 for p in model.parameters())


@pytest.mark.parametrize(
    ('data', 'count', 'first', 'last'),
    [
        ('coco', 80, 'person', 'toothbrush'),
        ('nuswide', 81, 'airport', 'zebra'),
        ('pa100k', 26, 'woman', 'boots'),
        ('voc07', 20, 'aeroplane', 'tv monitor'),
    ],
)
def test_leaves_name_the_labels_of_their_data(data, count, first, last):
    cfg = Config.fromfile(ROOT / f'mvlr/mvlr_rn101_{data}.py')
    names = read_label_names(cfg.model.neck.prompt.classes)
    assert (len(names), names[0], names[-1]) == (count, first, last)


@pytest.mark.parametrize(
    ('package', 'registry'),
    [
        (mvlr_mm.models.backbones, MODELS),
        (mvlr_mm.models.necks, MODELS),
        (mvlr_mm.models.heads, MODELS),
        (mvlr_mm.datasets, DATASETS),
        (mvlr_mm.datasets.transforms, TRANSFORMS),
        (mvlr_mm.engine.hooks, HOOKS),
        (mvlr_mm.evaluation, METRICS),
    ],
    ids=lambda x: getattr(x, '__name__', None),
)
def test_every_exported_class_is_registered(package, registry):
    classes = [getattr(package, name) for name in package.__all__]
    # a package may hand on names of its subpackages, which belong to other registries
    own = [c for c in classes if isinstance(c, type)]
    own = [c for c in own if 'transforms' not in c.__module__ or registry is TRANSFORMS]
    assert own
    for cls in own:
        assert registry.get(cls.__name__) is cls
