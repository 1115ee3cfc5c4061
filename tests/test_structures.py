import pytest
import torch

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
