import math

import pytest
import torch
from mmengine.runner.checkpoint import load_state_dict
from mmpretrain.registry import MODELS

from mvlr_mm import VLFeatures

B, N, C, D = 2, 6, 3, 8


def build(**kwargs):
    torch.manual_seed(1)
    return MODELS.build(dict(type='IFM', embed_dim=D, **kwargs))


def features():
    torch.manual_seed(0)
    hard, soft = torch.randn(C, D), torch.randn(C, D)
    return VLFeatures(
        torch.randn(B, N, D), (2, 3), hard=hard, soft=soft, labels=(hard + soft) / 2
    )


def attention(module, queries, source):
    """Eq. 1 and 2 for one image, row by row."""
    q = queries @ module.query.weight.T
    k = source @ module.key.weight.T
    v = source @ module.value.weight.T
    rows = []
    for i in range(len(q)):
        scores = torch.tensor([(q[i] @ k[j]).item() for j in range(len(k))])
        rows.append(torch.softmax(scores / math.sqrt(D), 0))
    weights = torch.stack(rows)
    return weights @ v, weights


def mlp(module, x):
    hidden = torch.relu(x @ module[0].weight.T + module[0].bias)
    return hidden @ module[2].weight.T + module[2].bias


@pytest.mark.parametrize('alpha', [None, 0.2])
def test_letter_equals_eq_6_to_10_image_by_image(alpha):
    ifm, feats = build(residual=False, alpha=alpha), features()
    out = ifm(feats)
    weight = 0.5 if alpha is None else alpha
    knowledge, m_ka = attention(ifm.label_attention, feats.hard, feats.hard)  # Eq. 6
    torch.testing.assert_close(out.knowledge, knowledge)
    for b in range(B):
        gathered, _ = attention(
            ifm.patch_attention, feats.soft, feats.visual[b]
        )  # Eq. 7
        context, m_ca = attention(ifm.context_attention, gathered, gathered)
        context = context + mlp(
            ifm.channel_interaction, torch.cat([knowledge, context], 1)
        )  # Eq. 8
        mixed = weight * m_ka + (1 - weight) * m_ca
        torch.testing.assert_close(out.context[b], context)
        torch.testing.assert_close(out.relation[b], mixed)
        torch.testing.assert_close(out.labels[b], mixed @ context)  # Eq. 10


def test_default_begins_as_the_identity_on_the_prompts():
    feats = features()
    out = build()(feats)
    torch.testing.assert_close(out.labels, feats.soft.expand(B, C, D))
    torch.testing.assert_close(out.context, feats.soft.expand(B, C, D))
    torch.testing.assert_close(out.knowledge, feats.hard)


def test_default_equals_its_branches_once_they_are_open():
    ifm, feats = build(), features()
    for name, parameter in ifm.named_parameters():
        if name.endswith(('gain', 'value.weight')) or 'interaction.2' in name:
            torch.nn.init.normal_(parameter)
    out = ifm(feats)
    knowledge, m_ka = ifm.label_attention(feats.hard)
    gathered, _ = ifm.patch_attention(feats.soft, feats.visual)
    context, m_ca = ifm.context_attention(gathered)
    both = torch.cat([knowledge.expand(B, -1, -1), context], dim=-1)
    context = context + mlp(ifm.channel_interaction, both)
    mixed = 0.5 * m_ka + 0.5 * m_ca
    torch.testing.assert_close(out.labels, context + ifm.gain * (mixed @ context))


@pytest.mark.parametrize('residual', [True, False])
def test_every_parameter_learns(residual):
    ifm, feats = build(residual=residual), features()
    for name, parameter in ifm.named_parameters():
        if name.endswith(('gain', 'value.weight')) or 'interaction.2' in name:
            torch.nn.init.normal_(parameter)
    out = ifm(feats)
    weights = torch.randn_like(out.labels)
    (out.labels * weights).sum().backward()
    for name, parameter in ifm.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


def test_switches_of_figure_4():
    feats = features()
    ifm = build(label_attention=False, residual=False)
    without = ifm(feats)
    assert torch.equal(without.knowledge, feats.hard)
    for b in range(B):
        gathered, _ = attention(ifm.patch_attention, feats.soft, feats.visual[b])
        _, m_ca = attention(ifm.context_attention, gathered, gathered)
        torch.testing.assert_close(without.relation[b], m_ca)
        torch.testing.assert_close(without.labels[b], m_ca @ without.context[b])
    ifm = build(context_attention=False, channel_interaction=False, residual=False)
    out = ifm(feats)
    torch.testing.assert_close(out.context, feats.soft.expand(B, -1, -1))
    query, key = (part.weight for part in ifm.label_attention.attention.children())
    scores = (feats.hard @ query.T) @ (feats.hard @ key.T).T
    m_ka = (scores / D**0.5).softmax(dim=-1)
    torch.testing.assert_close(out.labels[0], m_ka @ feats.soft)
    assert out.knowledge is feats.hard
    none = build(
        label_attention=False, context_attention=False, channel_interaction=False
    )(feats)
    assert none.relation is None
    torch.testing.assert_close(none.labels, feats.soft.expand(B, -1, -1))


def test_only_the_parts_that_are_used_are_there():
    names = {n for n, _ in build(label_attention=False).named_parameters()}
    assert 'gain' in names
    assert 'alpha' not in names
    ifm = build(label_attention=False, context_attention=False)
    assert not any(n in ('gain', 'alpha') for n, _ in ifm.named_parameters())
    ifm = build(channel_interaction=False)
    parts = {n for n, _ in ifm.label_attention.named_parameters()}
    assert parts == {
        'norm.weight',
        'norm.bias',
        'attention.query.weight',
        'attention.key.weight',
    }


@pytest.mark.parametrize('residual', [True, False])
@pytest.mark.parametrize(
    'switches',
    [
        dict(channel_interaction=False),
        dict(context_attention=False, channel_interaction=False),
        dict(label_attention=False),
        dict(label_attention=False, context_attention=False),
    ],
    ids=str,
)
def test_checkpoints_with_parts_that_had_no_use_load(switches, residual):
    whole, feats = open_branches(build(residual=residual)), features()
    ifm = build(residual=residual, **switches)
    mine = {name.split('.')[0] for name in ifm.state_dict()}
    had = {'alpha', 'gain', *mine}
    old = {n: v for n, v in whole.state_dict().items() if n.split('.')[0] in had}
    ifm.load_state_dict(old)
    # what today's parts compute is what the whole module's parts would
    if switches == dict(channel_interaction=False):
        _, map_of_old = whole.label_attention(feats.hard)
        _, map_of_new = ifm.label_attention(feats.hard)
        torch.testing.assert_close(map_of_new, map_of_old)


def test_parameters_are_those_of_the_paper():
    ifm = MODELS.build(dict(type='IFM', embed_dim=512, residual=False))
    mlp_size = 1024 * 128 + 128 + 128 * 512 + 512
    assert sum(p.numel() for p in ifm.parameters()) == 9 * 512**2 + mlp_size + 1


def test_missing_prompts_are_named():
    bare = VLFeatures(torch.randn(1, 4, D), (2, 2))
    with pytest.raises(ValueError, match=r"IFM needs .*hard.*type='PDLR'.*before IFM"):
        build()(bare)


def test_alpha_is_checked():
    with pytest.raises(ValueError, match=r'alpha \(1.5\) .*at most 1, or None'):
        build(alpha=1.5)
    with pytest.raises(ValueError, match=r'max_map_labels \(0\) must be a whole'):
        build(max_map_labels=0)


def open_branches(ifm):
    torch.manual_seed(2)
    for name, parameter in ifm.named_parameters():
        if name.endswith(('gain', 'value.weight')) or 'interaction.2' in name:
            torch.nn.init.normal_(parameter)
    return ifm


@pytest.mark.parametrize(
    'options',
    [
        dict(channel_interaction=False),
        dict(channel_interaction=False, residual=False),
        {},
        {'residual': False, 'alpha': 0.2},
        {'label_attention': False},
        {'context_attention': False},
        {'label_attention': False, 'context_attention': False},
    ],
    ids=str,
)
def test_blocks_of_the_maps_give_the_same_values_and_gradients(options):
    feats = features()
    feats = feats._replace(
        **{name: getattr(feats, name).double() for name in ('visual', 'hard', 'soft')}
    )
    results = []
    for limit in (C, 1):
        ifm = open_branches(build(max_map_labels=limit, **options)).double()
        out = ifm(feats)
        loss = out.labels.sin().sum() + out.knowledge.cos().sum()
        gradients = torch.autograd.grad(
            loss, ifm.parameters(), allow_unused=True, materialize_grads=True
        )
        results.append((out, gradients))
    (want, want_gradients), (got, gradients) = results
    assert got.relation is None
    for field in ('labels', 'knowledge', 'context'):
        torch.testing.assert_close(getattr(got, field), getattr(want, field))
    torch.testing.assert_close(gradients, want_gradients)


@pytest.mark.parametrize(('limit', 'count', 'height'), [(2, 3, 1), (5, 7, 3)])
def test_no_map_is_larger_than_the_limit(monkeypatch, limit, count, height):
    labels, rows = torch.randn(count, D), []
    feats = features()._replace(hard=labels, soft=labels, labels=labels)
    ifm = open_branches(build(max_map_labels=limit))
    blocked = 'mvlr_mm.models.layers.attention.attend_in_blocks'
    monkeypatch.setattr(blocked, lambda maps, values, n: rows.append(n) or values)
    ifm(feats)
    assert rows == [height, height]  # times count: at most limit x limit entries


@pytest.mark.parametrize('limit', [C, 1])
def test_evaluation_relates_the_hard_prompts_once(limit):
    ifm, feats = build(max_map_labels=limit).eval(), features()
    calls = []
    ifm.label_attention.norm.register_forward_hook(lambda *_: calls.append(1))
    with torch.no_grad():
        first = ifm(feats)
        again = ifm(feats)
        assert len(calls) == 1
        torch.testing.assert_close(again.labels, first.labels)
        ifm(feats._replace(hard=feats.hard.clone()))  # other classes
        assert len(calls) == 2
        ifm.load_state_dict(ifm.state_dict())
        ifm(feats)
        assert len(calls) == 3


def test_widths_that_differ_are_named():
    feats = features()
    wide = feats._replace(visual=torch.randn(B, N, 2 * D))
    with pytest.raises(ValueError, match=rf'IFM: visual is {2 * D} wide, hard is {D}'):
        build()(wide)


@pytest.mark.parametrize('residual', [True, False])
def test_checkpoints_with_the_old_names_of_the_parts_load(residual):
    old, feats = open_branches(build(residual=residual)), features()
    new = build(residual=residual)
    names = {
        'fusion.patch_attention.': 'fusion.gather.',
        'fusion.context_attention.': 'fusion.relate.',
        'fusion.channel_interaction.': 'fusion.mlp.',
        'source_norm': 'norm_context',
    }
    state = torch.nn.ModuleDict({'fusion': old}).state_dict()
    for now, before in names.items():
        state = {key.replace(now, before): value for key, value in state.items()}
    assert any('fusion.gather.' in key for key in state)
    for load in (torch.nn.Module.load_state_dict, load_state_dict):
        load(torch.nn.ModuleDict({'fusion': new}), state, strict=True)
        torch.testing.assert_close(new(feats).labels, old(feats).labels)


@pytest.mark.parametrize('residual', [True, False])
def test_gradients_are_those_of_finite_differences(residual):
    ifm, feats = open_branches(build(residual=residual)).double(), features()
    inputs = [t.double() for t in (feats.visual, feats.hard, feats.soft)]
    names, weights = zip(*ifm.named_parameters(), strict=True)

    def run(visual, hard, soft, *weights):
        given = feats._replace(visual=visual, hard=hard, soft=soft)
        weights = dict(zip(names, weights, strict=True))
        out = torch.func.functional_call(ifm, weights, (given,))
        return out.labels, out.knowledge, out.context, out.relation

    every = [t.detach().requires_grad_() for t in (*inputs, *weights)]
    assert torch.autograd.gradcheck(run, every, fast_mode=True)
