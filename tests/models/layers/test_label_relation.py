import torch
import torch.nn.functional as F

from mvlr_mm.models.layers.attention import Attention
from mvlr_mm.models.layers.label_relation import LabelRelation


def test_it_gives_the_map_of_the_attention_in_its_place_and_keeps_the_labels():
    labels, layer, attention = torch.randn(5, 8), LabelRelation(8, True), Attention(8)
    weights = layer.attention.state_dict()
    attention.load_state_dict(weights, strict=False)
    same, relation = layer(labels)
    assert torch.equal(same, labels)
    assert torch.equal(relation, attention(F.layer_norm(labels, (8,)))[1])
    relation[0, 1].backward()
    assert layer.attention.query.weight.grad.abs().max() > 0


def test_without_a_norm_the_labels_are_compared_as_they_are():
    labels, layer, attention = torch.randn(5, 8), LabelRelation(8, False), Attention(8)
    attention.load_state_dict(layer.attention.state_dict(), strict=False)
    assert torch.equal(layer(labels)[1], attention(labels)[1])


def test_parts_of_the_map_are_those_of_the_whole():
    labels, layer = torch.randn(5, 8), LabelRelation(8, True)
    same, (queries, keys) = layer.in_blocks(labels, 2)
    assert torch.equal(same, labels)
    torch.testing.assert_close((queries @ keys.T).softmax(-1), layer(labels)[1])


def test_a_checkpoint_of_an_attention_with_values_loads():
    layer, old = LabelRelation(8, True), Attention(8)
    norm = {f'norm.{k}': v for k, v in layer.norm.state_dict().items()}
    layer.load_state_dict(old.state_dict() | norm)
    assert torch.equal(layer.attention.key.weight, old.key.weight)
