import pytest
import torch
from mmengine.analysis import FlopAnalyzer
from mmpretrain.registry import MODELS
from torch import nn

import mvlr_mm  # noqa: F401  registers QMVL
from mvlr_mm.structures import VLFeatures

ORDERS = ['F', 'O-FB', 'P-FB-S1', 'P-FB-S2']
B, H, W, C, D = 2, 2, 3, 4, 8


def make_neck(**options):
    torch.manual_seed(0)
    cfg = {'type': 'QMVL', 'embed_dim': D, 'state_dim': 3, 'zero_init': False}
    return MODELS.build(cfg | options).double()


def make_feats(labels_shape=(B, C, D)):
    generator = torch.Generator().manual_seed(1)

    def draw(*shape):
        value = torch.randn(shape, generator=generator, dtype=torch.float64)
        return value.requires_grad_()

    return VLFeatures(draw(B, H * W, D), (H, W), labels=draw(*labels_shape))


def inverted(tokens):
    return [tokens[i] for i in reversed(range(len(tokens)))]


def passes(block, former, latter, order):
    """Eq. 11 and figure 3 for lists of tokens; the latter part of each pass."""

    def run(tokens):
        return list(block(torch.stack(tokens)[None])[0])

    c = len(latter)
    result = [run(former + latter)[-c:]]
    if order == 'O-FB':
        result.append(inverted(run(inverted(former + latter)))[-c:])
    elif order == 'P-FB-S1':
        result.append(run(inverted(former) + latter)[-c:])
    elif order == 'P-FB-S2':
        result.append(inverted(run(former + inverted(latter))[-c:]))
    return sum(torch.stack(one) for one in result)


@pytest.mark.parametrize('order', ORDERS)
def test_values_and_gradients_equal_eq_11(order):
    neck, feats = make_neck(order=order), make_feats()
    out = neck(feats)
    pairs = list(zip(feats.visual, feats.labels, strict=True))
    labels = torch.stack(
        [passes(neck.linguistic, list(x), list(t), order) for x, t in pairs]
    )
    visual = torch.stack(
        [passes(neck.visual, list(t), list(x), order) for x, t in pairs]
    )
    torch.testing.assert_close(out.labels, labels)
    torch.testing.assert_close(out.visual, visual)

    inputs = [feats.visual, feats.labels, *neck.parameters()]
    torch.testing.assert_close(
        torch.autograd.grad(out.labels.sin().sum() + out.visual.cos().sum(), inputs),
        torch.autograd.grad(labels.sin().sum() + visual.cos().sum(), inputs),
    )


@pytest.mark.parametrize('order', ORDERS)
def test_the_gradient_reaches_everything(order):
    neck, feats = make_neck(order=order), make_feats()
    out = neck(feats)
    (out.labels.sin().sum() + out.visual.cos().sum()).backward()
    for name, value in [
        *neck.named_parameters(),
        ('X', feats.visual),
        ('T', feats.labels),
    ]:
        assert value.grad.any(), name


@pytest.mark.parametrize('order', ORDERS)
def test_it_starts_as_a_multiple_of_the_identity(order):
    neck, feats = make_neck(order=order, zero_init=True), make_feats()
    out = neck(feats)
    passes_made = 1 if order == 'F' else 2
    torch.testing.assert_close(out.labels, passes_made * feats.labels)
    torch.testing.assert_close(out.visual, passes_made * feats.visual)


def test_default_order_treats_labels_alike_from_both_ends():
    # T and inv T are both read, so inverting the labels only inverts the result
    neck, feats = make_neck(), make_feats()
    flipped = feats._replace(labels=feats.labels.flip(1))
    torch.testing.assert_close(neck(flipped).labels, neck(feats).labels.flip(1))


def test_order_s1_does_not_care_in_which_direction_the_former_part_runs():
    neck, feats = make_neck(order='P-FB-S1'), make_feats()
    flipped = feats._replace(visual=feats.visual.flip(1))
    torch.testing.assert_close(neck(flipped).labels, neck(feats).labels)


def test_one_direction_lets_early_labels_see_nothing_of_later_ones():
    neck, feats = make_neck(order='F'), make_feats()
    changed = feats.labels.detach().clone()
    changed[:, -1, 0] += 1  # a shift of all would vanish in the norm
    out, other = neck(feats), neck(feats._replace(labels=changed))
    assert torch.equal(out.labels[:, :-1], other.labels[:, :-1])
    assert not torch.isclose(out.visual, other.visual).all()


def test_images_do_not_mix():
    neck, feats = make_neck(), make_feats()
    alone = feats._replace(visual=feats.visual[1:], labels=feats.labels[1:])
    torch.testing.assert_close(neck(feats).labels[1:], neck(alone).labels)
    torch.testing.assert_close(neck(feats).visual[1:], neck(alone).visual)


def test_labels_shared_by_all_images_are_repeated():
    neck, feats = make_neck(), make_feats(labels_shape=(C, D))
    repeated = feats._replace(labels=torch.stack([feats.labels] * B))
    assert neck(feats).labels.shape == (B, C, D)
    torch.testing.assert_close(neck(feats).labels, neck(repeated).labels)


def test_everything_else_passes_untouched():
    feats = make_feats()._replace(hard=torch.ones(C, D), knowledge=torch.ones(C, D))
    out = make_neck()(feats)
    assert out.hard is feats.hard
    assert out.knowledge is feats.knowledge
    assert out.grid == (H, W)


def test_two_blocks_with_their_own_weights():
    neck = make_neck()
    assert not torch.equal(neck.linguistic.in_x.weight, neck.visual.in_x.weight)


@pytest.mark.parametrize('order', ORDERS)
def test_where_long_scans_are_faster_the_plain_form_is_taken(order, monkeypatch):
    neck, feats, calls = make_neck(order=order), make_feats(), []
    shared = neck(feats)
    for block in (neck.linguistic, neck.visual):
        block.register_forward_hook(lambda m, args, out: calls.append(m))
    name = 'mvlr_mm.models.layers.two_passes.prefers_short_scans'
    monkeypatch.setattr(name, lambda *_: False)
    plain = neck(feats)
    assert calls == [neck.linguistic, neck.visual]
    torch.testing.assert_close(plain.labels, shared.labels)
    torch.testing.assert_close(plain.visual, shared.visual)


def test_it_compiles_to_one_graph_that_trains():
    neck, feats = make_neck().float(), make_feats()
    feats = feats._replace(
        visual=feats.visual.detach().float().requires_grad_(),
        labels=feats.labels.detach().float().requires_grad_(),
    )
    inputs = [feats.visual, feats.labels, *neck.parameters()]
    results = []
    for run in (neck, torch.compile(neck, fullgraph=True, backend='aot_eager')):
        out = run(feats)
        loss = out.labels.sin().sum() + out.visual.cos().sum()
        results.append([out.labels, out.visual, *torch.autograd.grad(loss, inputs)])
    torch.testing.assert_close(*results)


def test_no_init_cfg_undoes_the_zero_start():
    init_cfg = {'type': 'TruncNormal', 'layer': 'Linear', 'std': 0.02}
    neck = make_neck(zero_init=True, init_cfg=init_cfg)
    neck.init_weights()
    feats = make_feats()
    torch.testing.assert_close(neck(feats).labels, 2 * feats.labels)


def test_an_unknown_order_lists_the_orders():
    with pytest.raises(
        ValueError, match=r"order \('S2'\) must be one of \('F', 'O-FB', 'P-FB-S1'"
    ):
        make_neck(order='S2')


def test_other_widths_are_named():
    with pytest.raises(ValueError, match=r'QMVL: visual is 8.*labels is 6'):
        make_neck()(make_feats(labels_shape=(B, C, 6)))


def test_multiply_adds_of_the_published_size():
    class OnTensors(nn.Module):
        def __init__(self, neck):
            super().__init__()
            self.neck = neck

        def forward(self, visual, labels):
            out = self.neck(VLFeatures(visual, (14, 14), labels=labels))
            return out.visual, out.labels

    # 448 px and 80 labels; the scan is elementwise, which this counter leaves out
    neck = MODELS.build({'type': 'QMVL', 'embed_dim': 512})
    inputs = (torch.zeros(1, 196, 512), torch.zeros(1, 80, 512))
    counter = FlopAnalyzer(OnTensors(neck), inputs).unsupported_ops_warnings(False)
    assert counter.total() / 1e9 == pytest.approx(0.333, abs=0.001)
    assert sum(p.numel() for p in neck.parameters()) == 2 * 848_384


@pytest.mark.parametrize(
    ('refine', 'other', 'part'),
    [('visual', 'labels', 'visual'), ('labels', 'visual', 'linguistic')],
)
def test_one_sequence_alone_is_refined_by_its_block(refine, other, part):
    whole, neck, feats = make_neck(), make_neck(refine=refine), make_feats()
    assert {name.split('.')[0] for name, _ in neck.named_parameters()} == {part}
    neck.load_state_dict(
        {k: v for k, v in whole.state_dict().items() if k.startswith(part)}
    )
    out = neck(feats)
    torch.testing.assert_close(getattr(out, refine), getattr(whole(feats), refine))
    assert getattr(out, other) is getattr(feats, other)


def test_another_choice_of_what_to_refine_is_refused():
    with pytest.raises(ValueError, match=r"QMVL: refine \('text'\) must be one of"):
        make_neck(refine='text')
