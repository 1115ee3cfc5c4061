import torch

from mvlr_mm.models.layers.low_rank_attention import LowRankAttention


def by_hand(layer, visual, labels):
    """Both last maps apart and with any bias, patch by patch."""
    w_x, w_e, w_h, w = (
        getattr(layer, name).weight for name in ('patch', 'label', 'hidden', 'score')
    )
    found, maps = [], []
    for patches in visual:
        for label in labels:
            products = [torch.tanh((w_x @ x) * (w_e @ label)) for x in patches]
            scores = torch.stack([(w @ (w_h @ p + 0.3) - 0.7)[0] for p in products])
            shares = scores.exp() / scores.exp().sum()
            maps.append(shares)
            found.append(sum(a * x for a, x in zip(shares, patches, strict=True)))
    shape = len(visual), len(labels), -1
    return torch.stack(found).view(shape), torch.stack(maps).view(shape)


def test_is_the_equations_with_both_maps_and_any_bias():
    torch.manual_seed(0)
    layer = LowRankAttention(5, 3, hidden_dim=6)
    visual, labels = torch.randn(2, 4, 5, requires_grad=True), torch.randn(3, 3)
    ours, theirs = layer(visual, labels), by_hand(layer, visual, labels)
    inputs = [visual, *layer.parameters()]
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b)
        mine, other = (
            torch.autograd.grad(x.square().sum(), inputs, retain_graph=True)
            for x in (a, b)
        )
        for x, y in zip(mine, other, strict=True):
            torch.testing.assert_close(x, y, atol=1e-5, rtol=1e-4)
            assert x.any()
