import pytest
import torch

from mvlr_mm.models.necks import PDLR, FixedLabels
from mvlr_mm.structures import VLFeatures

FEATS = VLFeatures(torch.zeros(1, 4, 16), (2, 2))
NAMES = ['cat', 'dog', 'boat']


@pytest.fixture
def prompt(tiny_clip):
    encoder = dict(type='CLIPTextEncoder', **tiny_clip())
    torch.manual_seed(0)
    return PDLR(encoder, NAMES, embed_dim=8).eval()


@torch.no_grad()
def test_it_gives_what_the_stage_gave_and_has_no_tower(prompt):
    fixed = FixedLabels.of(prompt)
    expected, made = prompt(FEATS), fixed(FEATS)
    for name in ('hard', 'soft', 'labels'):
        assert torch.equal(getattr(made, name), getattr(expected, name))
    assert not made.hard.equal(made.soft)
    assert made.names == expected.names == tuple(NAMES)
    assert made.visual is FEATS.visual
    assert not list(fixed.parameters())
    assert fixed.provides == prompt.provides


def test_some_of_its_labels_in_another_order(prompt):
    fixed = FixedLabels.of(prompt)
    before = fixed.labels.clone()
    fixed.set_classes(['boat', 'cat'])
    assert torch.equal(fixed(FEATS).labels, before[[2, 0]])
    assert fixed(FEATS).names == ('boat', 'cat')


@pytest.mark.parametrize(
    ('names', 'reason'),
    [
        (['cat', 'sheep'], "'sheep' is none of the 3 labels .* no text tower"),
        (['cat', 'cat'], 'occurs twice'),
        ([], 'is empty'),
    ],
)
def test_other_labels_are_refused_and_nothing_changes(prompt, names, reason):
    fixed = FixedLabels.of(prompt)
    with pytest.raises(ValueError, match=reason):
        fixed.set_classes(names)
    assert fixed.classes == tuple(NAMES)


def test_weights_go_by_name(prompt):
    fixed = FixedLabels.of(prompt)
    other = FixedLabels(NAMES[::-1], 8)
    other.load_state_dict(fixed.state_dict())
    assert torch.equal(other.soft, fixed.soft[[2, 1, 0]])
    with pytest.raises(ValueError, match="only in the checkpoint: 'cat'"):
        FixedLabels(['sheep', 'dog', 'boat'], 8).load_state_dict(fixed.state_dict())
