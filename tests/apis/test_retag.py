import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmpretrain.registry import MODELS

from mvlr_mm.apis import MultiLabelInferencer, load_model
from mvlr_mm.apis.retag import comparing_weights, retagged
from mvlr_mm.labels.scale import NameScale
from mvlr_mm.structures import VLFeatures

GRID = (4, 4)
PICTURES = VLFeatures(
    torch.randn(3, 16, 16, generator=torch.Generator().manual_seed(0)), GRID
)


@pytest.fixture(scope='module')
def model(trained):
    """A model whose neck has both stages in which labels meet, and changes much."""
    model = load_model(trained.folder).model
    torch.manual_seed(0)
    model.neck.add_module(
        'interaction',
        MODELS.build(dict(type='QMVL', embed_dim=16, zero_init=False)).eval(),
    )
    model.neck.names = ('prompt', 'fusion', 'interaction')
    return model


@pytest.fixture(scope='module')
def scale(model):
    weights = comparing_weights(model.neck.prompt, model.head)
    patches = torch.randn(5, 16, 16, generator=torch.Generator().manual_seed(1))
    return NameScale(
        ('cat', 'dog', 'boat'),
        ('sky', 'wall'),
        0.8,
        -2.5,
        weights,
        GRID,
        patches.half(),
    )


@torch.no_grad()
def logits(model, pictures=PICTURES):
    return model.head(model.neck(pictures))


@torch.no_grad()
def row(model, name):
    """The vector of a name, from a model that has no other label."""
    other = retagged(model, [name]).head.new[0]
    return other.labels[0]


def test_weights_without_gradients_are_the_same_weights(model):
    copied = copy.deepcopy(model).requires_grad_(False)
    weights = comparing_weights(model.neck.prompt, model.head)
    assert comparing_weights(copied.neck.prompt, copied.head) == weights
    copied.head.bias.add_(1)
    assert comparing_weights(copied.neck.prompt, copied.head) != weights


def test_all_weights_are_shared_and_none_changes(trained):
    model = load_model(trained.folder).model
    before = {k: v.clone() for k, v in model.state_dict().items()}
    other = retagged(model, ['zebra', 'dog', 'moon', 'sea'])
    assert other.neck.classes == ('zebra', 'dog', 'moon', 'sea')
    assert model.neck.classes == ('cat', 'dog', 'boat')
    after = model.state_dict()
    assert all(torch.equal(before[key], after[key]) for key in before)
    pairs = zip(model.parameters(), other.parameters(), strict=True)
    assert all(a is b for a, b in pairs)


@pytest.mark.parametrize('scaled', [False, True])
def test_no_name_changes_another_score_bit_for_bit(model, scale, scaled):
    scale = scale if scaled else None
    own = logits(model)
    words = ['zebra', 'boat', 'a red car', 'cat', 'sunset over the sea', 'dog', 'moon']
    every = logits(retagged(model, words, scale))
    assert torch.equal(every[:, [3, 5, 1]], own)
    for i, word in enumerate(words):
        assert torch.equal(logits(retagged(model, [word], scale))[:, 0], every[:, i])
    some = logits(retagged(model, words[4:1:-1], scale))
    assert torch.equal(some, every[:, 2:5].flip(1))


def test_in_one_sequence_a_name_does_change_the_others(model):
    """What the test above would show if new labels went through all stages."""
    own = logits(model)
    names = model.neck.classes
    try:
        model.neck.set_classes((*names, 'zebra'))
        assert (logits(model)[:, :3] - own).abs().max() > 0.01
    finally:
        model.neck.set_classes(names)


def test_a_new_name_is_compared_with_the_patches_alone(model):
    head = model.head
    label = F.normalize(row(model, 'zebra'), dim=0)
    cosine = F.normalize(PICTURES.visual, dim=-1) @ label
    patches = head.log_scale.exp() * cosine + head.bias
    other = retagged(model, ['dog', 'zebra'])
    with torch.no_grad():
        feats = other.neck(PICTURES)
        found = other.head.patch_logits(feats)
    torch.testing.assert_close(found[..., 1], patches)
    torch.testing.assert_close(logits(other)[:, 1], patches.mean(dim=1))


def test_the_scale_by_hand(model, scale):
    """Generic names give a picture's level, kept pictures mean and spread."""
    head = model.head
    labels = torch.stack([row(model, n) for n in ('zebra', 'sky', 'wall')])

    def similarity(visual):
        cosine = F.normalize(visual, dim=-1) @ F.normalize(labels, dim=-1).T
        every = (head.log_scale.exp() * cosine).mean(dim=1)
        return every[:, 0] - every[:, 1:].mean(dim=1)

    with torch.no_grad():
        kept = similarity(scale.patches.float())
        z = (similarity(PICTURES.visual) - kept.mean()) / kept.std()
    found = logits(retagged(model, ['zebra'], scale))[:, 0]
    torch.testing.assert_close(found, 0.8 * z - 2.5, rtol=1e-3, atol=1e-4)


def test_what_is_the_same_to_the_text_tower_is_the_trained_label(model):
    assert torch.equal(logits(retagged(model, ['Dog']))[:, 0], logits(model)[:, 1])


def test_an_inferencer_uses_the_scale(trained, scale):
    loaded = load_model(trained.folder)
    plain, scaled = (
        MultiLabelInferencer(replace(loaded, name_scale=x), device='cpu')(
            trained.pictures[:2], classes=['zebra', 'cat'], fmt='scores'
        )
        for x in (None, scale)
    )
    for a, b in zip(plain, scaled, strict=True):
        assert a.scores[1] == b.scores[1]
        assert a.scores[0] != b.scores[0]
    model = retagged(loaded.model, ['zebra'], scale)
    inputs = torch.full((1, 3, 64, 64), 90.0)
    with torch.no_grad():
        data = model.data_preprocessor({'inputs': inputs})
        expected = model.head(model.neck(model.backbone(data['inputs']))).sigmoid()
    infer = MultiLabelInferencer(replace(loaded, name_scale=scale), device='cpu')
    grey = np.full((64, 64, 3), 90, np.uint8)
    (found,) = infer([grey], classes=['zebra'], fmt='scores')
    np.testing.assert_allclose(found.scores, expected[0], rtol=1e-5)


def test_a_scale_of_another_model_is_refused(model, scale):
    other = replace(scale, classes=('cat', 'boat', 'dog'))
    with pytest.raises(ValueError, match=r'in another order: measure it again'):
        retagged(model, ['zebra'], other)


def test_a_scale_of_an_earlier_training_is_refused(trained, scale):
    model = load_model(trained.folder).model
    retagged(model, ['zebra'], scale)
    with torch.no_grad():
        model.neck.prompt.context[0, 0] += 1e-3
    with pytest.raises(ValueError, match=r'other weights of prompts and head'):
        retagged(model, ['zebra'], scale)
    retagged(model, ['cat'], scale)  # which needs none


def test_a_head_that_reads_more_of_the_prompts(trained, tiny_clip):
    model = load_model(trained.folder).model
    encoder = dict(type='CLIPTextEncoder', **tiny_clip('vit'))
    torch.manual_seed(0)
    prompt = dict(type='DualPrompts', text_encoder=encoder, classes=['cat', 'dog'])
    model.neck = MODELS.build(dict(type='NeckSequence', prompt=prompt)).eval()
    model.head = MODELS.build(dict(type='DualCoOpHead'))
    other = retagged(model, ['zebra', 'dog', 'moon'])
    own, found = logits(model), logits(other)
    assert torch.equal(found[:, 1], own[:, 1])
    model.neck.set_classes(('zebra', 'moon'))  # no label meets another in this model
    # scaled differences of two near texts, which other shapes round otherwise
    torch.testing.assert_close(found[:, [0, 2]], logits(model), rtol=1e-4, atol=1e-4)


def test_models_without_a_text_side_refuse(trained):
    stock = MODELS.build(
        dict(
            type='ImageClassifier',
            backbone=dict(type='LeNet5'),
            neck=dict(type='GlobalAveragePooling'),
            head=dict(type='MultiLabelLinearClsHead', num_classes=3, in_channels=120),
        )
    )
    with pytest.raises(ValueError, match='MultiLabelLinearClsHead has no text side'):
        retagged(stock, ['zebra'])
    model = load_model(trained.folder).model
    tower = model.neck.prompt.text_encoder
    prompt = dict(type='DualPromptsPerLabel', text_encoder=tower, classes=['cat'])
    model.neck = MODELS.build(dict(type='NeckSequence', prompt=prompt))
    model.head = MODELS.build(dict(type='DualCoOpHead'))
    with pytest.raises(ValueError, match='DualPromptsPerLabel has learned a prompt'):
        retagged(model, ['zebra'])
    model = load_model(trained.folder).model
    head = dict(type='VisualClassifierHead', num_classes=3, embed_dim=16)
    model.head = MODELS.build(head)
    with pytest.raises(ValueError, match='VisualClassifierHead has learned a row'):
        retagged(model, ['zebra', 'dog', 'moon'])
