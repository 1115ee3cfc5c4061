"""Every parameter that trains can learn, in every config and row of the tables."""

import itertools
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

from mvlr_mm.config.overrides import merge_overrides
from mvlr_mm.paper import TABLES

ROOT = Path(__file__).parents[1]
LEAVES = sorted(ROOT.glob('configs/[!_]*/**/*.py'))
SYSTEMS = [path for path in LEAVES if path.stem.endswith('_custom_small-clip')]
BASE = ROOT / 'configs/mvlr/mvlr_rn101_coco.py'

NO_KCR = {'model.head.kcr': None}
SWITCHES = ('label_attention', 'context_attention', 'channel_interaction')
CLASSIFIER = dict(
    _delete_=True, type='VisualClassifierHead', num_classes=2, embed_dim=16
)


def twin(kind, **more):
    return dict(_delete_=True, type=kind, embed_dim=16, num_heads=2, **more)


def figure_4():
    """Yield all switches of IFM, with and without KCR, and some to the letter."""
    letter = {'model.neck.fusion.residual': False}
    for on in itertools.product([True, False], repeat=3):
        switches = {
            f'model.neck.fusion.{name}': value
            for name, value in zip(SWITCHES, on, strict=True)
        }
        yield switches
        yield {**switches, **NO_KCR}
        if sum(on) == 2:
            yield {**switches, **letter, **NO_KCR}


PAPER = [row.overrides for table in TABLES.values() for row in table.rows]
ROWS = [
    *(row for i, row in enumerate(PAPER) if row not in PAPER[:i]),
    {'model.neck.interaction': twin('CrossAttentionInteraction', num_layers=2)},
    {'model.head': CLASSIFIER},
    {'model.head': CLASSIFIER, 'model.neck.fusion': None},
    {'model.head': CLASSIFIER, 'model.neck.interaction.refine': 'visual'},
    {
        'model.head': CLASSIFIER,
        'model.neck.interaction': twin('CrossAttentionInteraction'),
    },
    {
        'model.head': CLASSIFIER,
        'model.neck.interaction': twin('SelfAttentionInteraction'),
    },
    {'model.head': CLASSIFIER, 'model.neck': None},
    {'model.neck.interaction.refine': 'labels'},
    *figure_4(),
]


def check_that_all_learn(model_cfg):
    """Compare the gradients of a step with the parameters that train.

    Branches that begin at zero are opened first: what they hold has no gradient in the
    very first step.
    """
    torch.manual_seed(0)
    model = MODELS.build(
        dict(model_cfg, data_preprocessor=dict(mean=[127.5] * 3, std=[64.0] * 3))
    ).train()
    trained = {n: p for n, p in model.named_parameters() if p.requires_grad}
    with torch.no_grad():
        for parameter in trained.values():
            parameter.add_(0.15 * torch.randn_like(parameter))
    picture = torch.randint(0, 256, (3, 64, 64), dtype=torch.uint8)
    data = model.data_preprocessor(
        dict(
            inputs=[picture, picture.flip(2)],  # batch norms need two
            data_samples=[DataSample().set_gt_label(y) for y in ([1], [])],
        ),
        training=True,
    )
    torch.manual_seed(1)  # of what a step draws: C-Tran is told some labels by it
    sum(model(**data, mode='loss').values()).backward()
    missing = [n for n, p in trained.items() if p.grad is None or not p.grad.any()]
    assert not missing


@pytest.mark.parametrize('path', LEAVES, ids=lambda p: p.stem)
def test_every_parameter_of_a_config_learns(path, tiny_config):
    check_that_all_learn(tiny_config(path).model)


@pytest.fixture
def model_of(tiny_config, tiny_bert):
    """Return the config of a row's model, with tiny towers."""

    def read(row):
        cfg = tiny_config(BASE)
        merge_overrides(cfg, row)
        encoder = cfg.model.get('neck') and cfg.model.neck.prompt.text_encoder
        if encoder and encoder.type == 'HFTextEncoder':
            encoder.model = tiny_bert
        return cfg.model

    return read


@pytest.mark.parametrize('row', ROWS, ids=str)
def test_every_parameter_of_a_row_learns(row, model_of):
    check_that_all_learn(model_of(row))


def test_two_processes_train_every_row_and_system(model_of, tiny_config, tmp_path):
    models = [model_of(row).to_dict() for row in ROWS]
    models += [tiny_config(path).model.to_dict() for path in SYSTEMS]
    path = tmp_path / 'models.json'
    path.write_text(json.dumps(models))
    launch = [sys.executable, '-m', 'torch.distributed.run', '--standalone']
    program = Path(__file__).parent / 'end_to_end/train_models.py'
    done = subprocess.run(
        [*launch, '--nproc_per_node=2', str(program), str(path)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert f'{len(models)} models trained' in done.stdout
