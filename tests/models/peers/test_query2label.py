import pytest
import torch
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import nn

from mvlr_mm import VLFeatures
from mvlr_mm.models.layers.sine_positions import sine_positions


@pytest.fixture
def head():
    torch.manual_seed(0)
    return MODELS.build(
        dict(
            type='Query2LabelHead',
            classes=['cat', 'dog', 'sea'],
            embed_dim=8,
            num_heads=2,
            hidden_dim=12,
            dropout=0.0,
        )
    )


def test_is_an_encoder_layer_and_two_decoder_layers(head, torchs_attention):
    patches = torch.randn(2, 6, 8, requires_grad=True)
    places = sine_positions((2, 3), 8)
    (enc,), dec = head.encoder, head.decoder

    def attend(attention, query, key, value):
        return torchs_attention(attention)(query, key, value)[0]

    def plain(x):
        x = enc.norm(x + attend(enc.attention, x + places, x + places, x))
        x = enc.out_norm(x + enc.feed_forward(x))
        tokens = torch.zeros(2, 3, 8)
        for layer in dec:
            gathered = attend(
                layer.attention, tokens + head.queries.weight, x + places, x
            )
            tokens = layer.norm(tokens + gathered)
            tokens = layer.out_norm(tokens + layer.feed_forward(tokens))
        tokens = head.norm(tokens)
        rows = [tokens[:, c] @ head.fc.weight[c] + head.fc.bias[c] for c in range(3)]
        return torch.stack(rows, dim=1)

    ours, theirs = head(VLFeatures(patches, (2, 3))), plain(patches)
    torch.testing.assert_close(ours, theirs)
    inputs = [patches, head.queries.weight, enc.feed_forward[0].weight]
    for a, b in zip(
        torch.autograd.grad(ours.square().sum(), inputs),
        torch.autograd.grad(theirs.square().sum(), inputs),
        strict=True,
    ):
        torch.testing.assert_close(a, b)


def test_first_weights_are_those_of_the_published_model():
    torch.manual_seed(0)
    config = dict(type='Query2LabelHead', num_classes=3, embed_dim=128, hidden_dim=256)
    head = MODELS.build(config)
    assert head.queries.weight.std().item() == pytest.approx(1, rel=0.1)
    stock = nn.TransformerEncoderLayer(128, 4, 256)
    for weight in stock.parameters():  # as the authors' code draws a Transformer
        if weight.dim() > 1:
            nn.init.xavier_uniform_(weight)
    joint = stock.self_attn.in_proj_weight.chunk(3)
    for block in (*head.encoder, *head.decoder):
        attention, net = block.attention, block.feed_forward
        for ours, theirs in (
            (attention.query.weight, joint[0]),
            (attention.key.weight, joint[1]),
            (attention.value.weight, joint[2]),
            (attention.out.weight, stock.self_attn.out_proj.weight),
            (net[0].weight, stock.linear1.weight),
            (net[3].weight, stock.linear2.weight),
        ):
            for size in (torch.std, lambda w: w.abs().max()):
                torch.testing.assert_close(size(ours), size(theirs), rtol=0.03, atol=0)


def test_what_is_not_said_is_as_published():
    head = MODELS.build(dict(type='Query2LabelHead', num_classes=3, embed_dim=16))
    assert (len(head.encoder), len(head.decoder)) == (1, 2)
    for layer in (*head.encoder, *head.decoder):
        assert layer.attention.num_heads == 4
        assert layer.feed_forward[0].out_features == 64
        dropped = layer.dropout.p, layer.feed_forward[2].p, layer.feed_forward[4].p
        assert (layer.attention.dropout, *dropped) == (0.1,) * 4


def test_one_picture_of_another_size_trains_every_parameter(head, learns):
    feats = VLFeatures(torch.randn(1, 20, 8), (4, 5))
    losses = head.loss(feats, [DataSample().set_gt_label([1])])
    learns(head, losses)


def test_rows_follow_their_labels(head):
    other = MODELS.build(
        dict(
            type='Query2LabelHead',
            classes=['sea', 'cat', 'dog'],
            embed_dim=8,
            num_heads=2,
            hidden_dim=12,
        )
    ).eval()
    other.load_state_dict(head.state_dict())
    feats = VLFeatures(torch.randn(2, 6, 8), (2, 3))
    torch.testing.assert_close(other(feats), head.eval()(feats)[:, [2, 0, 1]])


def test_size_of_the_published_model(size_of):
    size = size_of('query2label/query2label_rn101_coco.py')
    assert size.parameters == pytest.approx(193.9, abs=0.05)
    # 51.5 G with the norms, which are not counted here
    assert size.multiply_adds == pytest.approx(51.35, abs=0.05)


def test_table_9_counts_the_trunk_and_the_feed_forward_nets(size_of):
    """MVLR's table 9 has 143.1 M and 43.2 G: every attention is left out."""
    trunk = size_of('asl/asl_rn101_coco.py')
    classifier = (80 * 2048 + 80) / 1e6
    nets = 3 * (2 * 2048 * 8192 + 2048 + 8192) / 1e6
    parameters = trunk.parameters - classifier + nets
    assert parameters == pytest.approx(143.1, abs=0.1)
    tokens = 196 + 80 + 80
    multiply_adds = trunk.multiply_adds + 2 * 2048 * 8192 * tokens / 1e9
    assert multiply_adds == pytest.approx(43.2, abs=0.1)
    # the nets are those of the model
    with torch.device('meta'):
        head = MODELS.build(
            dict(type='Query2LabelHead', num_classes=80, embed_dim=2048)
        )
    layers = [*head.encoder, *head.decoder]
    counted = sum(p.numel() for x in layers for p in x.feed_forward.parameters())
    assert counted / 1e6 == pytest.approx(nets)


@pytest.mark.parametrize('number', [-3, 1.5])
def test_a_number_of_encoders_that_is_none_is_refused(number):
    config = dict(type='Query2LabelHead', embed_dim=8, num_classes=3)
    with pytest.raises(ValueError, match=rf'num_encoders \({number}\) must be a whole'):
        MODELS.build(dict(config, num_encoders=number))
    assert not MODELS.build(dict(config, num_encoders=0)).encoder
