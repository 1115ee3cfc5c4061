import pytest
import torch
from mmpretrain.registry import MODELS

from mvlr_mm import VLFeatures


def test_require_names_the_missing_stage():
    feats = VLFeatures(torch.zeros(2, 4, 3), (2, 2))
    with pytest.raises(ValueError, match=r"IFM needs VLFeatures\.soft.*type='PDLR'"):
        feats.require('soft', 'IFM')
    with pytest.raises(ValueError, match=r"KCR needs .*context.*type='IFM'"):
        feats.require('context', 'KCR')


def test_batch_labels_repeats_shared_labels():
    labels = torch.randn(5, 3)
    feats = VLFeatures(torch.zeros(2, 4, 3), (2, 2), labels=labels)
    assert torch.equal(feats.batch_labels('x'), torch.stack([labels, labels]))
    own = torch.randn(2, 5, 3)
    assert feats._replace(labels=own).batch_labels('x') is own


def test_batch_labels_hand_their_gradient_on():
    visual, labels = torch.zeros(2, 4, 3), torch.randn(5, 3, requires_grad=True)
    weight = torch.randn(2, 5, 3)
    shared = VLFeatures(visual, (2, 2), labels=labels).batch_labels('x')
    (gradient,) = torch.autograd.grad((shared * weight).sum(), labels)
    torch.testing.assert_close(gradient, weight.sum(0))


@pytest.mark.parametrize(
    ('kind', 'settings'),
    [
        ('CSRAHead', dict(embed_dim=3, num_classes=2)),
        ('VisualClassifierHead', dict(embed_dim=3, num_classes=2)),
        ('SimilarityHead', {}),
    ],
)
def test_heads_say_what_is_missing_behind_a_backbone_of_mmpretrain(kind, settings):
    head = MODELS.build(dict(type=kind, **settings))
    for maps in ((torch.zeros(2, 3, 4, 4),), torch.zeros(2, 3)):
        given = type(maps).__name__
        message = f"{kind} takes VLFeatures, .* gave a {given}, .*'DenseProjection'"
        with pytest.raises(TypeError, match=message):
            head.predict(maps)


def test_a_prompt_stage_says_what_is_missing_before_it(tiny_labels):
    stage = MODELS.build(
        dict(
            type='LabelVectors',
            file=tiny_labels,
            classes=['cat', 'dog'],
            embed_dim=6,
            key='vectors',
        )
    )
    with pytest.raises(TypeError, match=r'LabelVectors takes VLFeatures, .* a tuple'):
        stage((torch.zeros(2, 3, 4, 4),))
