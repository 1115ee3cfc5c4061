import pytest
import torch
from mmpretrain.registry import MODELS
from torch.nn import functional as F

from mvlr_mm.models.peers.cma import graph_embedding_loss


def build(file, classes=None, **more):
    torch.manual_seed(1)
    return MODELS.build(
        dict(
            type='CMAHead',
            embed_dim=8,
            classes=classes or file.names,
            graph=file.path,
            label_vectors=file.path,
            vectors_key='glove',
            space_dim=6,
            hidden_dim=5,
            **more,
        )
    )


def test_likeness_is_the_mean_of_both_probabilities(label_file):
    p = label_file.probabilities
    torch.testing.assert_close(build(label_file).graph, (p + p.T) / 2)


def embed(layers, x):
    hidden = F.linear(x, layers[0].weight, layers[0].bias).clamp(min=0)
    return F.linear(hidden, layers[2].weight, layers[2].bias)


def test_is_attention_by_cosine_and_a_classifier_each(label_file, patches):
    head = build(label_file)
    e = embed(head.embed_labels, label_file.vectors)
    rows = []
    for picture in patches.visual:
        projected = [embed(head.embed_patches, x) for x in picture]
        row = []
        for c in range(3):
            z = [torch.relu(F.cosine_similarity(x, e[c], dim=0)) for x in projected]
            gathered = sum(a / sum(z) * x for a, x in zip(z, picture, strict=True))
            row.append(head.classifier.weight[c] @ gathered + head.classifier.bias[c])
        rows.append(torch.stack(row))
    expected, logits = torch.stack(rows), head(patches)
    torch.testing.assert_close(logits, expected, atol=1e-5, rtol=1e-4)
    inputs = [patches.visual, *head.parameters()]
    ours, theirs = (
        torch.autograd.grad(x.square().sum(), inputs) for x in (logits, expected)
    )
    for mine, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, other, atol=1e-4, rtol=1e-3)


def test_the_logits_of_patches_average_to_that_of_the_picture(label_file, patches):
    head = build(label_file)
    attention = head.attention(patches.visual).mT  # (B, N, C)
    mean = (attention * head.patch_logits(patches)).sum(1)
    torch.testing.assert_close(mean, head(patches))


def test_a_label_like_no_patch_gathers_nothing(label_file, patches):
    head = build(label_file)
    head.embed_patches = torch.nn.Identity()
    head.embed_labels = torch.nn.Identity()
    head.vectors = -torch.ones(3, 8)
    positive = patches._replace(visual=torch.rand(2, 12, 8))
    torch.testing.assert_close(head(positive), head.classifier.bias.expand(2, 3))


def test_attention_sums_to_one_however_little_patches_are_like_a_label(
    label_file, patches
):
    head = build(label_file)
    head.embed_patches = torch.nn.Identity()
    head.embed_labels = torch.nn.Identity()
    head.vectors = torch.eye(3, 8)
    visual = torch.tensor([0.1, 0.1, 0.1, 1, 0, 0, 0, 0]).repeat(1, 2, 1)
    expected = torch.full((1, 3, 2), 0.5)  # of two cosines of 0.1
    torch.testing.assert_close(head.attention(visual), expected)


def test_the_graph_embedding_draws_cosines_to_the_likeness():
    torch.manual_seed(0)
    labels, graph = torch.randn(4, 6, requires_grad=True), torch.rand(4, 4) / 2
    graph = graph + graph.T
    for relaxation in (0.0, 0.3):
        total = 0.0
        for i in range(4):
            for j in range(4):
                cosine = F.cosine_similarity(labels[i], labels[j], dim=0)
                if i != j and max(cosine.item(), graph[i, j].item()) >= relaxation:
                    total = total + (cosine - graph[i, j]) ** 2
        loss = graph_embedding_loss(labels, graph, relaxation)
        torch.testing.assert_close(loss, total / 12)
        ours, theirs = (torch.autograd.grad(x, labels)[0] for x in (loss, total / 12))
        torch.testing.assert_close(ours, theirs)


def test_one_label_has_no_pair_to_embed():
    assert graph_embedding_loss(torch.randn(1, 6), torch.ones(1, 1)) == 0


def test_one_picture_and_another_size_train(label_file, patches, train_once):
    head = build(label_file, relaxation=0.0)
    losses = train_once(head, patches)
    assert set(losses) == {'loss', 'loss_graph'}
    one = patches._replace(visual=torch.randn(1, 6, 8), grid=(2, 3))
    train_once(head, one, [(1,)])
    cost = graph_embedding_loss(head.embed_labels(head.vectors), head.graph)
    assert losses['loss_graph'] == pytest.approx(cost.item())
    lighter = train_once(build(label_file, graph_weight=0.5, relaxation=0.0), patches)
    assert lighter['loss_graph'] == pytest.approx(cost.item() / 2)


def test_a_checkpoint_of_another_order_gives_the_same_scores(label_file, patches):
    trained = build(label_file)
    known = build(label_file, classes=('dining table', 'cat', 'dog'))
    known.load_state_dict(trained.state_dict())
    torch.testing.assert_close(known(patches), trained(patches)[:, [2, 0, 1]])


def test_size_with_its_trunk_at_448_px(size_of):
    size = size_of('cma/cma_rn101_coco.py')
    assert size.parameters == pytest.approx(44.13, abs=0.005)
    assert size.multiply_adds == pytest.approx(31.5, abs=0.05)


def test_cost_at_448_px(cost):
    parameters, multiply_adds = cost(
        type='CMAHead', num_classes=80, graph=None, label_vectors=300
    )
    d, v, h, s, c, n = 2048, 300, 512, 256, 80, 196
    maps = (v * h + h) + (d * h + h) + 2 * (h * s + s)
    assert parameters == maps + c * d + c
    products = n * (d * h + h * s) + c * (v * h + h * s) + n * c * (s + d)
    assert multiply_adds == products


def test_what_is_not_said_is_as_its_page_says(label_file):
    head = MODELS.build(
        dict(type='CMAHead', embed_dim=8, classes=label_file.names,
             graph=label_file.path, label_vectors=label_file.path, vectors_key='glove')
    )  # fmt: skip
    assert (head.relaxation, head.graph_weight) == (0.05, 1)
    for embed in (head.embed_labels, head.embed_patches):
        assert embed[2].weight.shape == (256, 512)


def test_the_graph_embedding_keeps_its_digits_under_autocast():
    torch.manual_seed(0)
    labels, graph = torch.randn(5, 16), torch.rand(5, 5)
    expected = graph_embedding_loss(labels, graph)
    with torch.autocast('cpu', torch.bfloat16):
        found = graph_embedding_loss(labels, graph)
    torch.testing.assert_close(found, expected)
