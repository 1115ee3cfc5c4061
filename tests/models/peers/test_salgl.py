import math

import pytest
import torch
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

from mvlr_mm.models.peers import salgl
from mvlr_mm.models.peers.salgl import SceneGraphs, scene_loss

TARGETS = torch.tensor([[1.0, 0, 0], [0, 1, 1]])


def build(file, classes=None, **more):
    torch.manual_seed(1)
    return MODELS.build(
        dict(
            type='SALGLHead',
            embed_dim=8,
            num_heads=2,
            classes=classes or file.names,
            label_vectors=file.path,
            vectors_key='glove',
            hidden_dim=5,
            **more,
        )
    )


def probabilities_by_hand(graphs):
    found = torch.zeros_like(graphs.cooccurrence)
    pairs = zip(found, graphs.cooccurrence, graphs.known, strict=True)
    for scene, counts, known in pairs:
        for i in range(3):
            for j in range(3):
                if counts[i, i]:
                    scene[i, j] = counts[i, j] / max(float(known[i, j]), 1e-8)
                else:
                    scene[i, j] = float(i == j)
                if graphs.ignore_self and i == j:
                    scene[i, j] = 0
        if graphs.normalize:
            for row in scene:
                row /= max(float(row.sum()), 1e-8)
    return found


@pytest.mark.parametrize('soft', [False, True])
@pytest.mark.parametrize('ignore_self', [False, True])
@pytest.mark.parametrize('normalize', [False, True])
def test_scenes_count_the_labels_of_their_pictures(soft, ignore_self, normalize):
    torch.manual_seed(0)
    graphs = SceneGraphs(3, 2, soft, ignore_self, normalize)
    choice = torch.randn(20, 2)
    targets = torch.randint(-1, 2, (20, 3))
    targets[:, 2][choice[:, 0] > choice[:, 1]] = 0  # not in the first scene
    graphs.add(choice[:9], targets[:9])
    graphs.add(choice[9:], targets[9:])
    expected, known = torch.zeros(2, 2, 3, 3)
    for logits, row in zip(choice, targets, strict=True):
        there = (row == 1).float()
        for k, share in enumerate(logits.softmax(0)):
            share = share if soft else float(k == logits.argmax())
            expected[k] += share * torch.outer(there, there)
            known[k] += share * torch.outer(there, (row != -1).float())
    torch.testing.assert_close(graphs.cooccurrence, expected)
    torch.testing.assert_close(graphs.known, known)
    found = graphs.probabilities()
    torch.testing.assert_close(found, probabilities_by_hand(graphs))
    for logits, graph in zip(choice, graphs(choice), strict=True):
        mine = found[logits.argmax()]
        if soft:
            shares = logits.softmax(0)
            mine = shares[0] * found[0] + shares[1] * found[1]
        torch.testing.assert_close(graph, mine)


@pytest.mark.parametrize('unknown', [-1, 0.3], ids=['unknown', 'of blended pictures'])
def test_a_label_that_nobody_knows_says_nothing_of_the_others(unknown):
    graphs = SceneGraphs(2)
    targets = torch.tensor([[1, 1], [1, 0], [1, unknown], [1, unknown]])
    graphs.add(torch.eye(4)[[0, 0, 0, 0]], targets)
    assert graphs.probabilities()[0].tolist() == [[1, 0.5], [1, 1]]


def test_a_checkpoint_of_before_knows_every_label():
    graphs, other = SceneGraphs(3), SceneGraphs(3)
    graphs.add(torch.randn(9, 4), torch.randint(0, 2, (9, 3)))
    weights = graphs.state_dict()
    del weights['known']
    other.load_state_dict(weights)
    assert torch.equal(other.known, graphs.known)


def test_the_loss_of_the_scenes_is_two_entropies():
    torch.manual_seed(0)
    choice = torch.randn(4, 3, requires_grad=True)
    shares = [[math.exp(x) for x in row] for row in choice.tolist()]
    shares = [[x / sum(row) for x in row] for row in shares]
    single = sum(-p * math.log(p) for row in shares for p in row) / 4
    means = [sum(row[k] for row in shares) / 4 for k in range(3)]
    even = sum(-p * math.log(p) for p in means)
    loss = scene_loss(choice)
    assert loss.item() == pytest.approx(single + 100 * (math.log(3) - even), rel=1e-5)
    double = choice.detach().double().requires_grad_()
    step = 1e-4
    (gradient,) = torch.autograd.grad(loss, choice)
    for place in ((0, 0), (3, 2)):
        high, low = double.detach().clone(), double.detach().clone()
        high[place] += step
        low[place] -= step
        slope = (scene_loss(high) - scene_loss(low)) / (2 * step)
        assert gradient[place].item() == pytest.approx(slope.item(), rel=0.02, abs=0.02)
    empty = torch.tensor([[1e4, 0.0, 0.0]])  # the last two have no share
    assert scene_loss(empty).item() == pytest.approx(100 * math.log(3))


def test_is_encoder_attention_graph_and_classifiers(label_file, patches):
    head = build(label_file).eval()
    visual, choice = head.pre_logits(patches)
    encoded = head.encoder(patches.visual, patches.visual)
    torch.testing.assert_close(visual, encoded)
    torch.testing.assert_close(choice, encoded.mean(1) @ head.choice.weight.T)
    head.scenes.add(choice, TARGETS)
    found, _ = head.attention(encoded, label_file.vectors)
    graph = torch.stack([head.scenes.probabilities()[k] for k in choice.argmax(1)])
    told = head.network(found, graph)
    output = torch.tanh(head.output(torch.cat([found, told], dim=2)))
    expected = (output * head.classifier.weight).sum(2) + head.classifier.bias
    logits = head(patches)
    torch.testing.assert_close(logits, expected)
    inputs = [patches.visual, head.output.weight, head.encoder.norm.weight]
    gradients = [
        torch.autograd.grad(x.square().sum(), inputs, retain_graph=True)
        for x in (logits, expected)
    ]
    for mine, other in zip(*gradients, strict=True):
        torch.testing.assert_close(mine, other)


@pytest.mark.parametrize('count_first', [False, True])
def test_a_batch_is_counted_after_it_was_used_or_as_the_official_code_before(
    label_file, patches, count_first
):
    head = build(label_file, count_first=count_first).eval()  # without dropout
    head.training = True
    visual, choice = head.pre_logits(patches)
    unseen = head.logits(visual, choice)
    samples = [DataSample().set_gt_label(y) for y in ([0], [1, 2])]
    loss = head.loss(patches, samples)['loss']
    expected = torch.zeros(4, 3, 3)
    for k, row in zip(choice.argmax(1), TARGETS, strict=True):
        expected[k] += torch.outer(row, row)
    assert torch.equal(head.scenes.cooccurrence, expected)
    seen = head.logits(visual, choice)
    assert not torch.allclose(seen, unseen)
    used = seen if count_first else unseen
    torch.testing.assert_close(loss, head._get_loss(used, samples)['loss'])


def test_the_pictures_of_all_processes_are_counted(monkeypatch):
    graphs = SceneGraphs(3)
    # another process with the same pictures
    monkeypatch.setattr(salgl, 'all_reduce', lambda counts: counts.mul_(2))
    graphs.add(torch.eye(4)[:2], TARGETS)
    assert graphs.cooccurrence[0].tolist() == [[2, 0, 0], [0, 0, 0], [0, 0, 0]]
    assert graphs.cooccurrence[1].tolist() == [[0, 0, 0], [0, 2, 2], [0, 2, 2]]


def test_prediction_and_a_loss_of_val_count_nothing(label_file, patches):
    head = build(label_file).eval()
    head.predict(patches)
    head.loss(patches, [DataSample().set_gt_label(y) for y in ([0], [1, 2])])
    assert not head.scenes.cooccurrence.any()


def test_counts_are_whole_under_autocast_and_in_half_precision(label_file, patches):
    graphs = SceneGraphs(2)
    choice = torch.eye(4)[:1].expand(333, -1)
    with torch.autocast('cpu', torch.bfloat16):
        graphs.add(choice, torch.tensor([[1.0, 0.0]]).expand(333, -1))
    assert graphs.cooccurrence[0].tolist() == [[333, 0], [0, 0]]
    assert graphs.known[0].tolist() == [[333, 333], [0, 0]]
    # of a label that a scene has not seen there is nothing to divide by
    half = SceneGraphs(2, normalize=True, ignore_self=True).half()
    assert half.probabilities().isfinite().all()


def test_one_picture_and_another_size_train(label_file, patches, train_once):
    head = build(label_file)
    losses = train_once(head, patches)
    assert set(losses) == {'loss', 'loss_scene'}
    one = patches._replace(visual=torch.randn(1, 6, 8), grid=(2, 3))
    train_once(head, one, [(1,)])
    train_once(build(label_file, scenes=dict(soft=True)), patches)


def test_the_loss_of_the_scenes_has_a_weight(label_file, patches):
    head = build(label_file, entropy_weight=3.0).eval()  # without dropout
    samples = [DataSample().set_gt_label([0])] * 2
    found = head.loss(patches, samples)['loss_scene']
    torch.testing.assert_close(found, 3 * scene_loss(head.pre_logits(patches)[1]))


def test_a_checkpoint_of_another_order_gives_the_same_scores(label_file, patches):
    trained = build(label_file).eval()
    trained.scenes.add(trained.pre_logits(patches)[1], TARGETS)
    known = build(label_file, classes=('dining table', 'cat', 'dog')).eval()
    known.load_state_dict(trained.state_dict())
    torch.testing.assert_close(known(patches), trained(patches)[:, [2, 0, 1]])


def test_refuses_one_scene_and_heads_that_do_not_divide(label_file):
    with pytest.raises(ValueError, match=r'num_scenes \(1\) must be a whole number'):
        build(label_file, scenes=dict(num_scenes=1))
    with pytest.raises(ValueError, match=r'num_scenes \(2.5\) must be a whole number'):
        build(label_file, scenes=dict(num_scenes=2.5))
    with pytest.raises(ValueError, match=r'label_vectors, a path or a width, \(0\)'):
        MODELS.build(
            dict(type='SALGLHead', embed_dim=8, num_classes=3, label_vectors=0)
        )
    with pytest.raises(ValueError, match=r'embed_dim \(8\) must be divisible by num_h'):
        MODELS.build(
            dict(type='SALGLHead', embed_dim=8, num_heads=3, num_classes=3,
                 label_vectors=4)
        )  # fmt: skip


def test_size_with_its_trunk_at_448_px(size_of):
    size = size_of('salgl/salgl_rn101_coco.py')
    assert size.parameters == pytest.approx(117.94, abs=0.005)
    assert size.multiply_adds == pytest.approx(46.6, abs=0.05)
    # both last maps of the attention apart, as in the official code
    apart = (80 * 196 - 1) * 1024**2 / 1e9
    assert size.multiply_adds + apart == pytest.approx(63.1, abs=0.05)


def test_cost_at_448_px(cost):
    parameters, multiply_adds = cost(
        type='SALGLHead', num_classes=80, label_vectors=768
    )
    d, f, h, v, c, n = 2048, 2048, 1024, 768, 80, 196
    encoder = 4 * (d * d + d) + 2 * d * f + f + d + 4 * d
    attention = d * h + v * h + h * h + h
    network = 3 * (2 * d * d + d) + 3 * (d * d + d)
    output = 2 * d * d + d
    # the official code has the biases 1024 + 1 of the attention, too
    assert parameters == encoder + d * 4 + attention + network + output + c * d + c
    products = (
        n * (4 * d * d + 2 * d * f)
        + 2 * n * n * d
        + (n * d * h + c * v * h + h * h + c * n * h + c * n * d)
        + 3 * (c * 9 * d * d + 2 * c * c * d)
        + c * 2 * d * d
    )
    assert multiply_adds == pytest.approx(products, rel=2e-3)


def test_what_is_not_said_is_as_published(label_file):
    head = MODELS.build(
        dict(type='SALGLHead', embed_dim=16, classes=label_file.names,
             label_vectors=label_file.path, vectors_key='glove')
    )  # fmt: skip
    encoder, graphs = head.encoder, head.scenes
    assert encoder.attention.num_heads == 8
    assert encoder.feed_forward[0].out_features == 16
    dropped = encoder.dropout.p, encoder.feed_forward[2].p, encoder.feed_forward[4].p
    assert (encoder.attention.dropout, *dropped) == (0.1,) * 4
    assert head.attention.hidden.out_features == 8
    assert head.network.num_steps == 3
    assert head.entropy_weight == 1
    assert graphs.num_scenes == 4
    assert not any((graphs.soft, graphs.ignore_self, graphs.normalize))
    assert not head.count_first  # unlike theirs: the graph must not know the answer
