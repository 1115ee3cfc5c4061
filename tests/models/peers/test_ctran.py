import pytest
import torch
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

from mvlr_mm import VLFeatures
from mvlr_mm.models.peers.ctran import draw_states

NAMES = ['cat', 'dog', 'sea', 'sun']


def build(classes=NAMES, **more):
    torch.manual_seed(0)
    return MODELS.build(
        dict(
            type='CTranHead',
            classes=classes,
            embed_dim=8,
            num_heads=2,
            dropout=0.0,
            **more,
        )
    )


def test_is_an_encoder_over_patches_and_labels_with_states(torchs_attention):
    head = build(num_layers=2)
    patches = torch.randn(2, 6, 8, requires_grad=True)
    states = torch.tensor([[1, -1, 0, -1], [-1, -1, 1, 0]])
    rows = []
    for picture in range(2):
        labels = []
        for label in range(4):
            state = {
                -1: head.unknown[0],
                0: head.told.weight[0],
                1: head.told.weight[1],
            }[int(states[picture, label])]
            labels.append(head.labels.weight[label] + state)
        rows.append(torch.cat([patches[picture], torch.stack(labels)]))
    tokens = head.norm(torch.stack(rows))
    for layer in head.layers:
        stock = torch.nn.TransformerEncoderLayer(8, 2, 8, dropout=0, batch_first=True)
        stock.self_attn, stock.norm1 = torchs_attention(layer.attention), layer.norm
        stock.linear1, stock.linear2 = layer.feed_forward[0], layer.feed_forward[3]
        stock.norm2 = layer.out_norm
        tokens = stock(tokens)
    whole = tokens[:, 6:] @ head.fc.weight.T + head.fc.bias
    expected = whole.diagonal(dim1=1, dim2=2)
    found = head(VLFeatures(patches, (2, 3)), states)
    torch.testing.assert_close(found, expected)
    inputs = [patches, head.labels.weight, head.told.weight]
    for a, b in zip(
        torch.autograd.grad(found.square().sum(), inputs),
        torch.autograd.grad(expected.square().sum(), inputs),
        strict=True,
    ):
        torch.testing.assert_close(a, b)


def test_knowing_nothing_is_every_label_unknown():
    head, feats = build(), VLFeatures(torch.randn(2, 6, 8), (2, 3))
    unknown = torch.full((2, 4), -1)
    torch.testing.assert_close(head(feats), head(feats, unknown))
    told = unknown.clone()
    told[0, 1] = 1
    changed = (head(feats, told) - head(feats)).abs()
    assert changed[0, 2] > 1e-6  # a label that was not told
    assert not changed[1].any()
    with pytest.raises(ValueError, match=r'shape \(4,\), but must be \(2, 4\)'):
        head(feats, unknown[0])


def test_labels_told_are_even_in_number_and_random():
    torch.manual_seed(0)
    targets = torch.randint(0, 2, (4000, 8)).float()
    for unknown in (-1, 0.3):  # known to nobody; of two pictures that were blended
        targets[:, 7] = unknown
        states = draw_states(targets, 0.75)
        told = states >= 0
        assert not told[:, 7].any()
    assert torch.equal(states[told], targets[told].long())
    counts = torch.bincount(
        draw_states(targets.round(), 0.75).ge(0).sum(dim=1), minlength=9
    )
    assert not counts[7:].any()  # floor(.75 * 8) = 6 at most
    assert (counts[:7] / 4000 - 1 / 7).abs().max() < 0.03
    assert (told[:, :7].float().mean(0) - 3 / 8).abs().max() < 0.03
    assert not (draw_states(targets, 0.0) >= 0).any()


def test_the_loss_is_the_cross_entropy_of_what_was_not_told(monkeypatch):
    head = build()
    states = torch.tensor([[1, -1, -1, 0], [-1, -1, -1, -1]])
    monkeypatch.setattr(
        'mvlr_mm.models.peers.ctran.draw_states', lambda *_: states.clone()
    )
    feats = VLFeatures(torch.randn(2, 6, 8), (2, 3))
    samples = [DataSample().set_gt_label([0, 1]), DataSample().set_gt_label([2])]
    logits = head(feats, states)
    expected = 0.0
    for picture, label in ((0, 1), (0, 2), *((1, c) for c in range(4))):
        there = label in samples[picture].gt_label
        p = logits[picture, label].sigmoid()
        expected = expected - (p if there else 1 - p).log()
    torch.testing.assert_close(head.loss(feats, samples)['loss'], expected / 2)


def test_unknown_never_trains_and_all_else_does(learns):
    head = build()
    assert 'unknown' not in dict(head.named_parameters())
    feats = VLFeatures(torch.randn(1, 20, 8), (4, 5))
    learns(head, head.loss(feats, [DataSample().set_gt_label([1])]))


def test_rows_follow_their_labels():
    trained, other = build(), build(['sun', 'cat', 'dog', 'sea'])
    other.load_state_dict(trained.state_dict())
    feats = VLFeatures(torch.randn(2, 6, 8), (2, 3))
    torch.testing.assert_close(other(feats), trained(feats)[:, [3, 0, 1, 2]])


def test_biases_begin_as_published():
    torch.manual_seed(0)
    head = MODELS.build(dict(type='CTranHead', embed_dim=64, num_classes=2))
    for layer in head.layers:
        bias = layer.attention.out.bias
        assert 0.9 * 64**-0.5 < bias.abs().max() <= 64**-0.5


def test_a_part_is_asked_for():
    with pytest.raises(
        ValueError,
        match=r'most_told \(75\) must be a finite number, at least 0 and at most 1',
    ):
        build(most_told=75)


def test_size_of_the_published_model(size_of):
    size = size_of('ctran/ctran_rn101_coco.py')
    # R101; layers of attention and a net, 4 d^2 + 2 d^2 weights each; embeddings, rows
    layers = 3 * (6 * 2048**2 + 6 * 2048 + 4 * 2048)
    labels = (80 + 2) * 2048 + 80 * 2049 + 2 * 2048
    assert size.parameters == pytest.approx((42.50e6 + layers + labels) / 1e6, abs=0.01)


def test_what_is_not_said_is_as_published():
    torch.manual_seed(0)
    head = MODELS.build(dict(type='CTranHead', embed_dim=256, num_classes=4))
    assert len(head.layers) == 3
    assert head.most_told == 0.75
    for layer in head.layers:
        assert layer.attention.num_heads == 4
        assert layer.feed_forward[0].out_features == 256
        dropped = layer.dropout.p, layer.feed_forward[2].p, layer.feed_forward[4].p
        assert (layer.attention.dropout, *dropped) == (0.1,) * 4
    # the three states, and "unknown" like the others, begin in one range
    for vectors in (head.unknown, head.told.weight, head.labels.weight):
        assert vectors.shape[1] == 256
        for vector in vectors:
            assert 0.9 / 16 < vector.abs().max() <= 1 / 16


@pytest.mark.parametrize('kind', [torch.int8, torch.uint8, torch.float32, torch.bool])
def test_states_are_known_by_their_value(kind):
    head = build().eval()
    feats = VLFeatures(torch.randn(1, 6, 8), (2, 3))
    states = torch.tensor([[1, 0, 0, 1]])
    torch.testing.assert_close(head(feats, states.to(kind)), head(feats, states))
    torch.testing.assert_close(head(feats, states.tolist()), head(feats, states))


@pytest.mark.parametrize('wrong', [-2, -4, 2, 0.5])
def test_what_is_no_state_is_refused(wrong):
    states = torch.tensor([[1, wrong, 0, -1]])
    with pytest.raises(ValueError, match=rf'states has {wrong}, but a state is 1'):
        build()(VLFeatures(torch.randn(1, 6, 8), (2, 3)), states)


def test_a_loss_that_takes_told_labels_for_targets_is_refused():
    loss = dict(type='CrossEntropyLoss', use_sigmoid=True)
    with pytest.raises(ValueError, match='CrossEntropyLoss does not say'):
        build(loss=loss)
    build(loss=loss, most_told=0)
