import pytest
import torch
from mmpretrain.registry import MODELS
from torch.nn import functional as F

NAMES = ('cat', 'dog', 'sea')


def build(classes=NAMES):
    return MODELS.build(
        dict(type='ADDGCNHead', embed_dim=8, hidden_dim=6, classes=classes)
    )


def by_maps(head, feats):
    """The published model: convolutions on maps, labels along the last axis."""
    maps = feats.visual.mT.unflatten(2, feats.grid)  # (B, D, H, W)
    graph = head.graph

    def conv(layer, x):
        weight = layer.weight.view(*layer.weight.shape, *[1] * (x.dim() - 2))
        return (F.conv2d if x.dim() == 4 else F.conv1d)(x, weight, layer.bias)

    def leaky(x):
        return torch.where(x > 0, x, 0.2 * x)

    scores = conv(head.scores, maps)
    torch.testing.assert_close(scores.flatten(2).mT, head.patch_logits(feats))
    first = scores.flatten(2).topk(1, dim=-1).values.mean(-1)
    masks = conv(head.scores, maps).flatten(2).sigmoid().transpose(1, 2)
    v = conv(head.transform, maps).flatten(2) @ masks  # (B, hidden, C)
    static = leaky(conv(graph.static_edges, v.transpose(1, 2)))
    x = v + leaky(conv(graph.static_map, static.transpose(1, 2)))
    whole = conv(graph.summary_map, F.adaptive_avg_pool1d(x, 1))
    norm = graph.summary_norm
    whole = F.batch_norm(
        whole, None, None, norm.weight, norm.bias, training=True, eps=norm.eps
    )
    whole = leaky(whole).expand(-1, -1, x.shape[2])
    edges = conv(graph.dynamic_edges, torch.cat([whole, x], dim=1)).sigmoid()
    x = leaky(conv(graph.dynamic_map, leaky(x @ edges)))
    z = v + x
    every = conv(head.classifier, z)  # (B, C, C), of which the diagonal is taken
    second = (every * torch.eye(len(NAMES))).sum(-1)
    return (first + second) / 2


def test_is_the_published_model(patches):
    head = build().train()
    ours, theirs = head(patches), by_maps(head, patches)
    torch.testing.assert_close(ours, theirs)
    inputs = [patches.visual, *head.parameters()]
    gradients = [torch.autograd.grad(x.square().sum(), inputs) for x in (ours, theirs)]
    for mine, other in zip(*gradients, strict=True):
        torch.testing.assert_close(mine, other, atol=1e-5, rtol=1e-4)


def test_two_pictures_update_the_statistics_and_one_reads_them(patches, train_once):
    head, norm = build(), None
    norm = head.graph.summary_norm
    train_once(head, patches)
    assert norm.running_mean.any()
    before = norm.running_mean.clone(), norm.running_var.clone()
    one = patches._replace(visual=patches.visual[:1])
    train_once(head, one, [(1,)])
    assert torch.equal(norm.running_mean, before[0])
    torch.testing.assert_close(head.train()(one), head.eval()(one))
    assert torch.equal(norm.running_var, before[1])


def test_another_size_of_the_picture(patches, train_once):
    wide = patches._replace(visual=torch.randn(2, 35, 8), grid=(5, 7))
    train_once(build(), wide)


def test_a_checkpoint_of_another_order_gives_the_same_scores(patches):
    trained, known = build().eval(), build(('sea', 'cat', 'dog')).eval()
    known.load_state_dict(trained.state_dict())
    torch.testing.assert_close(known(patches), trained(patches)[:, [2, 0, 1]])


def test_every_weight_of_a_label_is_named():
    head = build()
    named = {*head.named_rows, *head.named_axes}
    shapes = {n: p.shape for n, p in head.named_parameters()}
    assert named == {n for n, shape in shapes.items() if 3 in shape}


def test_size_with_its_trunk_at_448_px(size_of):
    size = size_of('add_gcn/add_gcn_rn101_coco.py')
    assert size.parameters == pytest.approx(48.165, abs=0.005)
    assert size.multiply_adds == pytest.approx(31.85, abs=0.05)


def test_cost_at_448_px(cost):
    parameters, multiply_adds = cost(type='ADDGCNHead', num_classes=80)
    d, h, c, n = 2048, 1024, 80, 196
    # layers of the official code, without the mask (80 x 80), which is no weight
    maps = d * c + (d * h + h) + c * c + 3 * (h * h + h) + 2 * h + (2 * h * c + c)
    assert parameters == maps + (c * h + c)
    products = (
        n * d * (c + h)  # scores, transform
        + n * c * h  # gathering
        + c * c * h  # static edges
        + c * h * h * 2  # static and dynamic maps
        + h * h  # of the mean
        + c * 2 * h * c  # dynamic edges
        + c * c * h  # dynamic gathering
    )
    assert multiply_adds == pytest.approx(products, rel=1e-3)  # norms count, too
