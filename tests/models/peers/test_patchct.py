import math

import pytest
import torch
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch.nn import functional as F

from mvlr_mm.models.peers.patchct import conditional_transport


def build(**more):
    torch.manual_seed(1)
    return MODELS.build(dict(type='PatchCTHead', embed_dim=8, **more))


@pytest.fixture
def feats(patches):
    labels = torch.randn(3, 8, generator=torch.Generator().manual_seed(2))
    return patches._replace(labels=labels, names=('cat', 'dog', 'sea'))


def transport_by_hand(patches, labels, there, temperature):
    """Each patch and each label alone."""
    costs = []
    for xs, row in zip(patches, there, strict=True):
        es = [e for e, t in zip(labels, row, strict=True) if t]
        if not es:
            continue
        cosine = [[F.cosine_similarity(x, e, dim=0) for e in es] for x in xs]
        forward = backward = 0.0
        for of_patch in cosine:
            weights = [torch.exp(c / temperature) for c in of_patch]
            shares = [w / sum(weights) for w in weights]
            spent = (s * (1 - c) for s, c in zip(shares, of_patch, strict=True))
            forward = forward + sum(spent) / len(xs)
        for of_label in zip(*cosine, strict=True):
            weights = [torch.exp(c / temperature) for c in of_label]
            shares = [w / sum(weights) for w in weights]
            spent = (s * (1 - c) for s, c in zip(shares, of_label, strict=True))
            backward = backward + sum(spent) / len(es)
        costs.append(forward + backward)
    return sum(costs) / len(costs)


@pytest.mark.parametrize('temperature', [0.1, 1.0])
def test_transport_is_that_of_every_patch_and_label(feats, temperature):
    there = torch.tensor([[True, False, True], [False, False, False]])
    labels = feats.labels.clone().requires_grad_()
    for rows in (there, there.flip(0), torch.ones(2, 3, dtype=torch.bool)):
        every = labels.expand(2, -1, -1)
        ours = conditional_transport(feats.visual, every, rows, temperature)
        theirs = transport_by_hand(feats.visual, labels, rows, temperature)
        torch.testing.assert_close(ours, theirs)
        mine, other = (
            torch.autograd.grad(x, [feats.visual, labels]) for x in (ours, theirs)
        )
        for a, b in zip(mine, other, strict=True):
            torch.testing.assert_close(a, b, atol=1e-6, rtol=1e-4)


def test_pictures_without_a_label_cost_nothing(feats):
    none = torch.zeros(2, 3, dtype=torch.bool)
    labels = feats.labels.expand(2, -1, -1)
    cost = conditional_transport(feats.visual, labels, none, 0.1)
    (gradient,) = torch.autograd.grad(cost, feats.visual)
    assert cost == 0
    assert not gradient.any()


def test_logits_are_scaled_cosines_of_the_adapted_mean(feats):
    head = build(scale=7.0, bias=-2.0)
    first, second = head.adapter[0], head.adapter[2]
    logits = head(feats)
    for b in range(2):
        mean = sum(feats.visual[b]) / 12
        hidden = torch.relu(first.weight @ mean + first.bias)
        picture = mean + second.weight @ hidden + second.bias
        for c in range(3):
            cosine = F.cosine_similarity(picture, feats.labels[c], dim=0)
            assert logits[b, c].item() == pytest.approx(7 * cosine.item() - 2, abs=1e-5)
    assert head.log_scale.item() == pytest.approx(math.log(7))


def test_patches_have_the_logits_of_their_cosines(feats):
    head = build(scale=7.0, bias=-2.0)
    found = head.patch_logits(feats)
    for c in range(3):
        cosine = F.cosine_similarity(feats.visual[1, 5], feats.labels[c], dim=0)
        assert found[1, 5, c].item() == pytest.approx(7 * cosine.item() - 2, abs=1e-5)


def test_one_picture_and_another_size_train(feats, train_once):
    head = build()
    losses = train_once(head, feats)
    assert set(losses) == {'loss', 'loss_transport'}
    one = feats._replace(visual=torch.randn(1, 6, 8), grid=(2, 3))
    train_once(head, one, [(1,)])
    train_once(head, one, [()])
    half = train_once(build(transport_weight=0.5), feats)
    assert half['loss_transport'] == pytest.approx(losses['loss_transport'] / 2)


def test_the_labels_that_are_there_pay_for_the_transport(feats):
    samples = [DataSample().set_gt_label(found) for found in ([0, 2], [])]
    losses = build(transport_weight=3.0, temperature=0.4).loss(feats, samples)
    there = torch.tensor([[True, False, True], [False, False, False]])
    expected = 3 * transport_by_hand(feats.visual, feats.labels, there, 0.4)
    torch.testing.assert_close(losses['loss_transport'], expected)


def test_labels_are_needed(patches):
    with pytest.raises(ValueError, match=r'PatchCTHead needs VLFeatures\.labels'):
        build()(patches)


@pytest.mark.parametrize('name', ['scale', 'temperature'])
def test_numbers_out_of_range_are_refused(name):
    with pytest.raises(
        ValueError, match=rf'{name} \(0\) must be a finite number, above 0'
    ):
        build(**{name: 0})


def test_cost_of_the_head(cost):
    parameters, multiply_adds = cost(type='PatchCTHead', width=512)
    adapter = 512 * 128 + 128 + 128 * 512 + 512
    assert parameters == adapter + 2
    assert multiply_adds == 2 * 512 * 128 + 80 * 512


def test_what_is_not_said_is_as_its_page_says():
    head = build()
    assert (head.temperature, head.transport_weight) == (0.1, 1)
    assert head.log_scale.exp().item() == pytest.approx(20)
    assert head.bias.item() == -4


def test_the_transport_keeps_its_digits_under_autocast(feats):
    there = torch.ones(2, 3, dtype=torch.bool)
    near = feats.visual[:, :3] * 1.001 + 1e-3  # where 1 - cosine is all but 0
    expected = conditional_transport(feats.visual, near, there, 0.1)
    with torch.autocast('cpu', torch.bfloat16):
        found = conditional_transport(feats.visual, near, there, 0.1)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, expected)


def test_labels_of_another_width_are_refused(feats):
    with pytest.raises(ValueError, match='PatchCTHead: visual is 8 wide, labels is 5'):
        build()(feats._replace(labels=torch.randn(3, 5)))
