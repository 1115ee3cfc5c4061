import pytest
import torch
from mmengine.analysis import FlopAnalyzer
from mmpretrain.registry import MODELS
from torch import nn

import mvlr_mm  # noqa: F401  registers the necks
from mvlr_mm.structures import VLFeatures

TYPES = ['SelfAttentionInteraction', 'CrossAttentionInteraction']
B, H, W, C, D = 2, 2, 3, 4, 8


def make_neck(kind, **options):
    torch.manual_seed(0)
    cfg = {'type': kind, 'embed_dim': D, 'num_heads': 2, 'zero_init': False}
    return MODELS.build(cfg | options).double()


def make_feats(labels_shape=(B, C, D)):
    torch.manual_seed(1)
    visual = torch.randn(B, H * W, D, dtype=torch.float64, requires_grad=True)
    labels = torch.randn(labels_shape, dtype=torch.float64, requires_grad=True)
    return VLFeatures(visual, (H, W), labels=labels)


class OnTensors(nn.Module):
    def __init__(self, neck):
        super().__init__()
        self.neck = neck

    def forward(self, visual, labels):
        out = self.neck(VLFeatures(visual, (14, 14), labels=labels))
        return out.visual, out.labels


def multiply_adds_and_parameters(kind):
    """Count as mmengine does, at 448 px, 80 labels, D 512.

    That is linear maps, norms and convolutions. The products inside
    attention and the scan are left out.
    """
    neck = MODELS.build({'type': kind, 'embed_dim': 512})
    inputs = (torch.zeros(1, 196, 512), torch.zeros(1, 80, 512))
    counter = FlopAnalyzer(OnTensors(neck), inputs).unsupported_ops_warnings(False)
    return counter.total() / 1e9, sum(p.numel() for p in neck.parameters())


def test_self_attention_runs_its_layers_over_the_concatenation():
    neck, feats = make_neck('SelfAttentionInteraction'), make_feats()
    out = neck(feats)
    first, second = neck.layers
    for i in range(B):
        tokens = torch.cat([feats.visual[i], feats.labels[i]])[None]
        want = second(first(tokens))[0]
        torch.testing.assert_close(out.visual[i], want[: H * W])
        torch.testing.assert_close(out.labels[i], want[H * W :])


def test_cross_attention_lets_each_read_the_other_as_it_was():
    neck, feats = make_neck('CrossAttentionInteraction', num_layers=2), make_feats()
    out, x, t = neck(feats), feats.visual, feats.labels
    t1, x1 = neck.linguistic[0](t, x), neck.visual[0](x, t)
    torch.testing.assert_close(out.labels, neck.linguistic[1](t1, x1))
    torch.testing.assert_close(out.visual, neck.visual[1](x1, t1))


@pytest.mark.parametrize('kind', TYPES)
def test_the_order_of_labels_and_patches_is_irrelevant(kind):
    neck, feats = make_neck(kind), make_feats()
    flipped = feats._replace(visual=feats.visual.flip(1), labels=feats.labels.flip(1))
    torch.testing.assert_close(neck(flipped).labels.flip(1), neck(feats).labels)
    torch.testing.assert_close(neck(flipped).visual.flip(1), neck(feats).visual)


@pytest.mark.parametrize('kind', TYPES)
def test_each_modality_depends_on_the_other_and_the_gradient_reaches_all(kind):
    neck, feats = make_neck(kind), make_feats()
    out = neck(feats)
    assert torch.autograd.grad(out.labels.sin().sum(), feats.visual, retain_graph=True)[
        0
    ].any()
    assert torch.autograd.grad(out.visual.sin().sum(), feats.labels, retain_graph=True)[
        0
    ].any()
    (out.labels.sin().sum() + out.visual.cos().sum()).backward()
    for name, parameter in neck.named_parameters():
        # softmax cancels what a key's bias adds to a whole row
        assert parameter.grad.any() or name.endswith('key.bias'), name


@pytest.mark.parametrize('kind', TYPES)
def test_it_starts_as_the_identity_whatever_init_cfg_says(kind):
    init_cfg = {'type': 'TruncNormal', 'layer': 'Linear', 'std': 0.02}
    neck, feats = make_neck(kind, zero_init=True, init_cfg=init_cfg), make_feats()
    neck.init_weights()
    out = neck(feats)
    torch.testing.assert_close(out.labels, feats.labels)
    torch.testing.assert_close(out.visual, feats.visual)


@pytest.mark.parametrize('kind', TYPES)
def test_labels_shared_by_all_images_are_repeated(kind):
    neck, feats = make_neck(kind), make_feats(labels_shape=(C, D))
    repeated = feats._replace(labels=torch.stack([feats.labels] * B))
    torch.testing.assert_close(neck(feats).labels, neck(repeated).labels)


@pytest.mark.parametrize('kind', TYPES)
def test_other_widths_are_named(kind):
    message = rf'{kind}: visual is 8 wide, labels is 6 wide'
    with pytest.raises(ValueError, match=message):
        make_neck(kind)(make_feats(labels_shape=(B, C, 6)))


def test_both_cost_more_than_qmvl_as_in_table_6():
    qmvl, qmvl_size = multiply_adds_and_parameters('QMVL')
    self_attention, self_size = multiply_adds_and_parameters(TYPES[0])
    cross_attention, cross_size = multiply_adds_and_parameters(TYPES[1])
    assert qmvl < cross_attention < self_attention
    assert self_attention == pytest.approx(1.74, abs=0.005)
    assert cross_attention == pytest.approx(1.16, abs=0.005)
    assert qmvl_size < min(self_size, cross_size)


@pytest.mark.parametrize(
    ('refine', 'other'), [('visual', 'labels'), ('labels', 'visual')]
)
def test_one_sequence_alone_is_refined_without_a_layer_of_no_use(refine, other):
    kind, feats = 'CrossAttentionInteraction', make_feats()
    whole = make_neck(kind, num_layers=2)
    neck = make_neck(kind, num_layers=2, refine=refine)
    mine = neck.state_dict().keys()
    neck.load_state_dict({k: v for k, v in whole.state_dict().items() if k in mine})
    out = neck(feats)
    torch.testing.assert_close(getattr(out, refine), getattr(whole(feats), refine))
    assert getattr(out, other) is getattr(feats, other)
    getattr(out, refine).sin().sum().backward()
    for name, parameter in neck.named_parameters():
        assert parameter.grad.any() or name.endswith('key.bias'), name
