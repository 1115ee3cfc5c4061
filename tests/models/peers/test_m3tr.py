import pytest
import torch
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch.nn import functional as F


def build(file, classes=None, **more):
    torch.manual_seed(1)
    settings = dict(
        type='M3TRHead',
        embed_dim=8,
        num_heads=2,
        map_side=3,
        classes=classes or file.names,
        label_vectors=file.path,
        vectors_key='glove',
    )
    return MODELS.build(settings | more)


@pytest.fixture
def square(patches):
    """Patches of two pictures in a grid of the maps' own size."""
    return patches._replace(
        visual=torch.randn(2, 9, 8, requires_grad=True), grid=(3, 3)
    )


def test_is_the_published_arithmetic_on_one_row_of_tokens(label_file, square):
    head = build(label_file)
    maps = head.maps(square.visual).transpose(1, 2)  # (B, C, 9), as flattened maps
    tokens = head.semantic(maps)
    words = head.words(label_file.vectors)
    rows = [
        torch.cat([head.class_token[0], x, s, words])
        for x, s in zip(square.visual, tokens, strict=True)
    ]
    seen = torch.stack(rows)
    for block in head.blocks:
        seen = block(seen)
    seen = head.norm(seen)
    picture = seen[:, 0] @ head.picture.weight.T + head.picture.bias
    votes = seen[:, 10:13] @ head.votes.weight.T + head.votes.bias  # (B, C, C)
    likeness = torch.zeros(3, 3)
    for i in range(3):
        for j in range(3):
            a, b = label_file.vectors[i], label_file.vectors[j]
            likeness[i, j] = F.cosine_similarity(a, b, dim=0)
    semantic = (votes * likeness).sum(-1)
    found = head.all_logits(square)
    torch.testing.assert_close(found['loss'], 0.6 * picture + 0.4 * semantic)
    torch.testing.assert_close(found['loss_semantic'], semantic)
    torch.testing.assert_close(found['loss_map'], tokens.mean(-1))
    inputs = list(head.parameters())
    ours, theirs = found['loss'], 0.6 * picture + 0.4 * semantic
    gradients = [torch.autograd.grad(x.square().sum(), inputs) for x in (ours, theirs)]
    for mine, other in zip(*gradients, strict=True):
        torch.testing.assert_close(mine, other, atol=1e-5, rtol=1e-4)


def test_maps_train_their_own_map_and_not_the_trunk(label_file, square):
    head = build(label_file)
    maps = head.all_logits(square)['loss_map'].sum()
    (weight,) = torch.autograd.grad(maps, head.maps.weight, retain_graph=True)
    assert weight.any()
    trunk = torch.autograd.grad(maps, square.visual, allow_unused=True)[0]
    assert trunk is None


def test_every_part_pays(label_file, patches, train_once):
    head = build(label_file).eval()
    samples = [DataSample().set_gt_label(y) for y in ([0], [1, 2])]
    found = head.loss(patches, samples)
    for name, logits in head.all_logits(patches).items():
        expected = head._get_loss(logits, samples)['loss']
        torch.testing.assert_close(found[name], expected)
    assert set(train_once(head, patches)) == {
        *('loss', 'loss_picture', 'loss_semantic', 'loss_map')
    }


def test_one_picture_and_another_size_train(label_file, patches, train_once):
    one = patches._replace(visual=torch.randn(1, 35, 8), grid=(5, 7))
    train_once(build(label_file), one, [(1,)])


def test_a_checkpoint_of_another_order_gives_the_same_scores(label_file, patches):
    trained = build(label_file)
    known = build(label_file, classes=('dining table', 'cat', 'dog'))
    known.load_state_dict(trained.state_dict())
    # the order of tokens is no order to attention
    torch.testing.assert_close(known(patches), trained(patches)[:, [2, 0, 1]])


def test_is_exported_for_any_number_of_pictures(label_file, square):
    head = build(label_file, depth=1).eval()

    class OnTensor(torch.nn.Module):
        def forward(self, visual):
            return head(square._replace(visual=visual))

    batch = {0: torch.export.Dim('batch', min=1, max=64)}
    program = torch.export.export(
        OnTensor(), (square.visual.detach(),), dynamic_shapes=(batch,), strict=False
    )
    five = torch.randn(5, 9, 8)
    torch.testing.assert_close(program.module()(five), OnTensor()(five))


@pytest.mark.parametrize('name', ['depth', 'map_side'])
def test_numbers_out_of_range_are_refused(label_file, name):
    with pytest.raises(ValueError, match=rf'{name} \(0\) must be a whole number'):
        build(label_file, **{name: 0})


def test_cost_of_the_head(cost):
    parameters, multiply_adds = cost(
        type='M3TRHead', num_classes=80, label_vectors=768, width=768
    )
    d, c, n = 768, 80, 196
    tokens = 1 + n + c + c
    block = 4 * (d * d + d) + 2 * 4 * d * d + 4 * d + d + 4 * d
    heads = 2 * (d * c + c)
    first = (768 * d + d) + (d * c + c) + (196 * d + d) + d
    assert parameters == first + 2 * block + 2 * d + heads
    products = (
        c * 768 * d + n * d * c + c * n * d  # words, maps, semantic tokens
        + 2 * (tokens * 12 * d * d + 2 * tokens * tokens * d)
        + d * c + c * c * 768 + c * c * d + c * c
    )  # fmt: skip
    assert multiply_adds == pytest.approx(products, rel=2e-3)


def test_maps_of_another_size_are_resized_linearly(label_file, patches):
    head = build(label_file, map_side=6)
    maps = head.patch_logits(patches).mT.unflatten(2, (3, 4))
    resized = F.interpolate(maps, size=(6, 6), mode='bilinear', align_corners=False)
    expected = head.semantic(resized.flatten(2))
    torch.testing.assert_close(head.semantic_tokens(patches), expected)
