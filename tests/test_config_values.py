"""What the configs promise of the paper's numbers, read from the parts they build."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmpretrain.registry import MODELS

from mvlr_mm.models.layers.attention import Attention
from mvlr_mm.models.layers.residual_attention import ResidualAttention

ROOT = Path(__file__).parents[1] / 'configs' / 'mvlr'
LITERAL = sorted(ROOT.glob('*_literal.py'))
BASELINES = sorted(ROOT.glob('baseline_*.py'))
DEFAULTS = sorted(set(ROOT.glob('mvlr_*.py')) - set(LITERAL))


def names(paths):
    return pytest.mark.parametrize('path', paths, ids=lambda path: path.stem)


def build(path):
    """Build a config's head, fusion and interaction, and return the prompt's config."""
    model = Config.fromfile(path).model
    stages = [
        MODELS.build(model.neck[name] | dict(embed_dim=8))
        for name in ('fusion', 'interaction')
    ]
    return MODELS.build(model.head), *stages, model.neck.prompt


def assert_loss_of_the_paper(head):
    loss = head.loss_module
    assert (loss.gamma_pos, loss.gamma_neg, loss.clip) == (0.0, 2.0, 0.0)
    assert loss.loss_weight == 1.0


@names(LITERAL)
def test_to_the_letter(path):
    head, fusion, interaction, prompt = build(path)
    assert_loss_of_the_paper(head)
    assert head.loss_module.reduction == 'mean'  # Eq. 13
    assert head.kcr_loss.loss_weight == 4.0  # Eq. 14
    assert head.log_scale is None  # Eq. 12
    assert type(head.pooling).__name__ == 'MeanPatchPooling'
    assert fusion.gain is None  # Eq. 10
    for part in ('label_attention', 'patch_attention', 'context_attention'):
        assert type(getattr(fusion, part)) is Attention  # Eq. 6 and 7
    assert fusion.alpha.item() == 0.5
    assert interaction.order == 'P-FB-S2'
    for block in (interaction.linguistic, interaction.visual):
        assert block.out_proj.weight.abs().max() > 0
    assert prompt.context_init is None
    assert prompt.num_tokens == 4
    assert prompt.template == 'This photo contains {}.'


@names(DEFAULTS)
def test_the_default(path):
    head, fusion, interaction, prompt = build(path)
    assert_loss_of_the_paper(head)
    assert head.loss_module.reduction == 'sum'
    assert head.kcr_loss.loss_weight == 4.0
    scale, bias, temperature = 20.0, -4.0, 5.0
    if 'tiny' in path.stem:
        bias, temperature = -10.0, 1.0
    elif 'small-clip' in path.stem or 'mobilenetv2' in path.stem:
        scale, bias = 10.0, -3.3
    assert head.log_scale.exp().item() == pytest.approx(scale)
    assert head.bias.item() == pytest.approx(bias)
    assert head.pooling.temperature == temperature
    assert torch.equal(fusion.gain, torch.zeros(8))
    for part in ('label_attention', 'patch_attention', 'context_attention'):
        assert type(getattr(fusion, part)) is ResidualAttention
    assert fusion.alpha.item() == 0.5
    assert interaction.order == 'P-FB-S2'
    for block in (interaction.linguistic, interaction.visual):
        assert not block.out_proj.weight.any()
    assert prompt.context_init == 'a photo of a'
    assert prompt.num_tokens == 4
    assert prompt.get('prompts', 'hard+soft') == 'hard+soft'


@names(BASELINES)
def test_the_baseline_is_label_names_alone(path):
    model = Config.fromfile(path).model
    left = [name for name, stage in model.neck.items() if isinstance(stage, dict)]
    assert left == ['prompt']
    assert model.neck.prompt.prompts == 'names'
    head = MODELS.build(model.head)
    assert_loss_of_the_paper(head)
    assert head.kcr_loss is None
    temperature = 1.0 if 'tiny' in path.stem else 5.0
    assert head.pooling.temperature == temperature


def test_there_are_such_configs():
    assert len(LITERAL) >= 3
    assert len(BASELINES) >= 2
    assert len(DEFAULTS) >= 9


def test_kgcoop_begins_where_it_was_measured_to_be_best():
    path = ROOT.parent / 'kgcoop' / 'kgcoop_custom_small-clip.py'
    head = MODELS.build(Config.fromfile(path).model.head)
    assert head.log_scale.exp().item() == pytest.approx(20.0)
    assert head.bias.item() == pytest.approx(-4.0)
