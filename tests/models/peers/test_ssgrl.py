import pytest
import torch
from mmpretrain.registry import MODELS
from torch.nn import functional as F


def build(file, classes=None, **more):
    return MODELS.build(
        dict(
            type='SSGRLHead',
            embed_dim=8,
            classes=classes or file.names,
            graph=file.path,
            label_vectors=file.path,
            vectors_key='glove',
            hidden_dim=5,
            **more,
        )
    )


def test_is_pooling_attention_graph_and_classifiers(label_file, patches):
    head = build(label_file)
    torch.testing.assert_close(head.graph, label_file.probabilities)
    maps = patches.visual.mT.unflatten(2, (3, 4))
    even, odd = F.avg_pool2d(maps[:, :, :2], 2), F.avg_pool2d(maps[:, :, 2:], (1, 2))
    pooled = torch.cat([even, odd], dim=2).flatten(2).mT  # (2, 2 * 2, 8)
    found, _ = head.attention(pooled, label_file.vectors)
    told = head.network(found, label_file.probabilities)
    rows = [
        [
            head.classifier.weight[c]
            @ torch.tanh(head.output(torch.cat([told[b, c], found[b, c]])))
            + head.classifier.bias[c]
            for c in range(3)
        ]
        for b in range(2)
    ]
    expected = torch.stack([torch.stack(row) for row in rows])
    logits = head(patches)
    torch.testing.assert_close(logits, expected)
    inputs = [patches.visual, *head.parameters()]
    gradients = [
        torch.autograd.grad(x.square().sum(), inputs) for x in (logits, expected)
    ]
    for mine, other in zip(*gradients, strict=True):
        torch.testing.assert_close(mine, other, atol=1e-5, rtol=1e-4)


def test_one_picture_and_another_size_train(label_file, patches, train_once):
    head = build(label_file)
    train_once(head, patches)
    one = patches._replace(visual=torch.randn(1, 1, 8), grid=(1, 1))
    assert head(one).shape == (1, 3)
    wide = patches._replace(visual=torch.randn(1, 15, 8), grid=(5, 3))
    train_once(head, wide, [(2,)])


def test_a_label_can_send_its_message_to_itself(label_file):
    graph = build(label_file, self_loops=True).graph
    torch.testing.assert_close(graph, label_file.probabilities + torch.eye(3))


def test_a_checkpoint_of_another_order_gives_the_same_scores(label_file, patches):
    trained = build(label_file)
    known = build(label_file, classes=('dining table', 'cat', 'dog'))
    known.load_state_dict(trained.state_dict())
    torch.testing.assert_close(known(patches), trained(patches)[:, [2, 0, 1]])


def test_pooling_below_1_is_refused(label_file):
    with pytest.raises(ValueError, match=r'pooling \(0\) must be a whole number'):
        build(label_file, pooling=0)


def test_size_with_its_trunk_at_448_px(size_of):
    size = size_of('ssgrl/ssgrl_rn101_coco.py')
    assert size.parameters == pytest.approx(92.27, abs=0.005)
    assert size.multiply_adds == pytest.approx(41.15, abs=0.05)
    # both last maps of the attention apart, as in the official code
    apart = (80 * 49 - 1) * 1024**2 / 1e9
    assert size.multiply_adds + apart == pytest.approx(45.3, abs=0.05)


def test_cost_at_448_px(cost):
    parameters, multiply_adds = cost(
        type='SSGRLHead', num_classes=80, graph=None, label_vectors=300
    )
    d, h, v, c, n = 2048, 1024, 300, 80, 49
    attention = d * h + v * h + h * h + h
    network = 3 * (2 * d * d + d) + 3 * (d * d + d)
    output = 2 * d * d + d
    # the official code has the biases 1024 + 1 of the attention, too, which the softmax
    # takes away
    assert parameters == attention + network + output + c * d + c
    steps = 3 * (c * 9 * d * d + 2 * c * c * d)
    products = (
        (n * d * h + c * v * h + h * h + c * n * h + c * n * d) + steps + c * 2 * d * d
    )
    assert multiply_adds == pytest.approx(products, rel=1e-3)
