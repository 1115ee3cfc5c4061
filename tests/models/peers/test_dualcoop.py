import pytest
import torch
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample

from mvlr_mm import VLFeatures
from mvlr_mm.engine import load_weights
from mvlr_mm.models.necks import FixedLabels
from mvlr_mm.models.text import TokenBatch

NAMES = ['cat', 'traffic light']
EMPTY = VLFeatures(torch.empty(0), (0, 0))


@pytest.fixture
def prompts(tiny_clip):
    torch.manual_seed(0)
    encoder = dict(type='CLIPTextEncoder', **tiny_clip())
    return MODELS.build(
        dict(type='DualPrompts', text_encoder=encoder, classes=NAMES, num_tokens=5)
    )


@pytest.fixture
def feats():
    torch.manual_seed(0)
    return VLFeatures(
        torch.randn(2, 6, 4, requires_grad=True),
        (2, 3),
        labels=torch.randn(3, 4, requires_grad=True),
        negative=torch.randn(3, 4, requires_grad=True),
    )


def test_both_prompts_go_before_the_words_of_the_label(prompts):
    found, encoder = prompts(EMPTY), prompts.text_encoder
    for field, vectors in (
        ('labels', prompts.context),
        ('negative', prompts.negative_context),
    ):
        for i, name in enumerate(NAMES):
            ids, mask = encoder.tokenize([name], 5)
            expected = encoder(TokenBatch(ids, mask), vectors)[0]
            torch.testing.assert_close(getattr(found, field)[i], expected)
    assert prompts.context.shape == prompts.negative_context.shape == (5, 32)
    assert not found.labels.allclose(found.negative)


def test_prompts_can_start_from_words(tiny_clip):
    def build(**kwargs):
        encoder = dict(type='CLIPTextEncoder', **tiny_clip())
        return MODELS.build(
            dict(type='DualPrompts', text_encoder=encoder, classes=NAMES, **kwargs)
        )

    words = dict(context_init='a photo of a', negative_init='a photo without a')
    found = build(num_tokens=4, **words)
    embed = found.text_encoder.embed_words
    assert torch.equal(found.context, embed('a photo of a'))
    assert torch.equal(found.negative_context, embed('a photo without a'))
    with pytest.raises(ValueError, match=r"negative_init \('no'\) is 1 tokens"):
        build(num_tokens=4, negative_init='no')


def test_prompts_alone_train(prompts):
    found = prompts(EMPTY)
    (found.labels.sum() + found.negative.square().sum()).backward()
    trained = [n for n, p in prompts.named_parameters() if p.requires_grad]
    assert sorted(trained) == ['context', 'negative_context']
    assert prompts.context.grad.any()
    assert prompts.negative_context.grad.any()


def test_evaluation_remembers_both_and_other_labels_are_recognised(prompts):
    prompts.eval()
    with torch.no_grad():
        first, again = prompts(EMPTY), prompts(EMPTY)
        assert first.negative is again.negative
        prompts.set_classes(['moon', 'cat'])
        other = prompts(EMPTY)
    torch.testing.assert_close(other.negative[1], first.negative[0])
    torch.testing.assert_close(other.labels[1], first.labels[0])
    assert other.names == ('moon', 'cat')


@torch.no_grad()
def test_both_vectors_stay_where_no_tower_is_wanted(prompts):
    fixed = FixedLabels.of(prompts.eval())
    found, made = fixed(EMPTY), prompts(EMPTY)
    assert torch.equal(found.negative, made.negative)
    other = FixedLabels(NAMES[::-1], 16, negative=True)
    other.load_state_dict(fixed.state_dict())
    assert torch.equal(other(EMPTY).negative, made.negative.flip(0))
    fixed.set_classes(NAMES[1:])
    assert torch.equal(fixed(EMPTY).negative, made.negative[1:])


LABELS = ['cat', 'traffic light', 'sea']


@pytest.fixture
def build_each(tiny_clip):
    def build(classes=LABELS, **kwargs):
        encoder = dict(type='CLIPTextEncoder', **tiny_clip())
        torch.manual_seed(0)
        kwargs = dict(num_tokens=5) | kwargs
        cfg = dict(type='DualPromptsPerLabel', text_encoder=encoder, classes=classes)
        return MODELS.build(cfg | kwargs)

    return build


@pytest.mark.parametrize('chunk_size', [256, 1, 2])
def test_each_label_has_prompts_of_its_own(build_each, chunk_size):
    each = build_each(chunk_size=chunk_size)
    found, encoder = each(EMPTY), each.text_encoder
    both = {'labels': each.context, 'negative': each.negative_context}
    for field, prompts in both.items():
        assert prompts.shape == (3, 5, 32)
        assert prompts.std().item() == pytest.approx(0.02, rel=0.2)
        expected = torch.cat(
            [
                encoder(encoder.tokenize([name], 5), prompt)
                for name, prompt in zip(LABELS, prompts, strict=True)
            ]
        )
        torch.testing.assert_close(getattr(found, field), expected)
        weight = torch.randn_like(expected)
        gradients = [
            torch.autograd.grad((x * weight).sum(), prompts)[0]
            for x in (getattr(found, field), expected)
        ]
        torch.testing.assert_close(*gradients, rtol=1e-3, atol=1e-5)
    assert torch.equal(found.soft, found.labels)


def test_a_label_moves_its_own_prompts_alone(build_each):
    each = build_each()
    found = each(EMPTY)
    (found.labels[1].sum() + found.negative[2].sum()).backward()
    assert each.context.grad.flatten(1).any(dim=1).tolist() == [False, True, False]
    moved = each.negative_context.grad.flatten(1).any(dim=1)
    assert moved.tolist() == [False, False, True]
    trained = [n for n, p in each.named_parameters() if p.requires_grad]
    assert sorted(trained) == ['context', 'negative_context']


def test_prompts_of_each_label_can_start_from_words(build_each, prompts):
    words = dict(context_init='a photo of a', negative_init='a photo without a')
    each = build_each(num_tokens=4, **words)
    embed = each.text_encoder.embed_words
    assert torch.equal(each.context, embed('a photo of a').expand(3, -1, -1))
    assert torch.equal(
        each.negative_context, embed('a photo without a').expand(3, -1, -1)
    )
    # while they are alike, they are what all labels share
    shared = MODELS.build(
        dict(
            type='DualPrompts',
            text_encoder=each.text_encoder,
            classes=LABELS,
            num_tokens=4,
            **words,
        )
    )
    torch.testing.assert_close(each(EMPTY).negative, shared(EMPTY).negative)


@torch.no_grad()
def test_prompts_go_with_their_labels(build_each):
    each = build_each().eval()
    before = each(EMPTY)
    kept = each.context
    each.set_classes(LABELS)
    assert each.context is kept  # which an optimizer may hold
    with pytest.raises(ValueError, match=r"'moon' is none of the 3 labels"):
        each.set_classes(['sea', 'moon'])
    assert each.classes == tuple(LABELS)
    assert torch.equal(each(EMPTY).labels, before.labels)
    each.context.requires_grad_(False)
    each.set_classes(['sea', 'cat'])
    assert not each.context.requires_grad
    assert each.negative_context.requires_grad
    after = each(EMPTY)
    assert after.names == ('sea', 'cat')
    torch.testing.assert_close(after.labels, before.labels[[2, 0]])
    torch.testing.assert_close(after.negative, before.negative[[2, 0]])
    other = build_each(LABELS[::-1]).eval()
    assert not other(EMPTY).labels.allclose(before.labels.flip(0))
    other.load_state_dict(build_each().state_dict())
    torch.testing.assert_close(other(EMPTY).labels, before.labels.flip(0))
    torch.testing.assert_close(other(EMPTY).negative, before.negative.flip(0))
    fixed = FixedLabels.of(other)
    assert torch.equal(fixed(EMPTY).negative, other(EMPTY).negative)


def test_prompts_of_other_labels_are_not_loaded(build_each):
    other = build_each(['cat', 'traffic light', 'moon'])
    with pytest.raises(ValueError, match=r"not the same; .*'moon'|'sea'"):
        other.load_state_dict(build_each().state_dict())


def test_is_the_published_aggregation_of_regions(feats):
    head = MODELS.build(dict(type='DualCoOpHead'))
    unit = torch.nn.functional.normalize
    places = torch.cat([feats.visual, feats.visual.mean(1, keepdim=True)], dim=1)
    texts = torch.cat([feats.negative, feats.labels])  # as the published code has them
    output = 20 * torch.nn.functional.conv1d(
        unit(places, dim=-1).mT, unit(texts, dim=-1)[:, :, None]
    )
    weights = output[:, 3:].softmax(dim=-1)
    output = 5 * (output * torch.cat([weights, weights], dim=1)).sum(-1)
    expected = output.reshape(2, 2, 3).softmax(dim=1)[:, 1]
    found = head(feats).sigmoid()
    torch.testing.assert_close(found, expected)
    inputs = [feats.visual, feats.labels, feats.negative]
    for a, b in zip(
        torch.autograd.grad(found.square().sum(), inputs),
        torch.autograd.grad(expected.square().sum(), inputs),
        strict=True,
    ):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4)


def test_the_factor_is_a_fifth_of_the_clips(feats):
    """With half of OpenAI's factor a CLIP's cosines spread twice as far."""
    half = MODELS.build(dict(type='DualCoOpHead', trained_scale=50.0))
    assert half.scale == 10
    before = MODELS.build(dict(type='DualCoOpHead', scale=10.0))
    torch.testing.assert_close(half(feats), before(feats))
    assert MODELS.build(dict(type='DualCoOpHead')).scale == 20


def test_a_checkpoint_of_before_has_the_published_factor(tiny_clip, tmp_path):
    def build(**head):
        stage = dict(type='DualPrompts', num_tokens=2, classes=NAMES)
        return MODELS.build(
            dict(
                type='VLClassifier',
                clip=tiny_clip(),
                backbone=dict(type='CLIPBackbone'),
                neck=dict(stage, text_encoder=dict(type='CLIPTextEncoder')),
                head=dict(type='DualCoOpHead', **head),
            )
        )

    model = build(trained_scale=15.0)
    before = {k: v for k, v in model.state_dict().items() if k != 'head.scale'}
    model.load_state_dict(before)
    assert model.head.scale == 20
    given = build(scale=4.0)
    given.load_state_dict(before)
    assert given.head.scale == 4
    other = {name: x for name, x in before.items() if 'negative' not in name}
    of_pack = {'neck.prompt.negative': torch.ones(2, 16)}
    for weights, expected in ((other, 3), (of_pack, 20)):
        torch.save(weights, tmp_path / 'weights.pth')
        model = build(trained_scale=15.0)
        allow = ['missing', 'unexpected']
        load_weights(tmp_path / 'weights.pth', into=model, allow=allow)
        assert model.head.scale == expected  # of another system it stays as it is


def test_the_loss_is_the_asymmetric_one_on_the_softmax(feats):
    head = MODELS.build(dict(type='DualCoOpHead'))
    p = head(feats).sigmoid()
    expected = 0.0
    for picture, there in ((0, {1}), (1, {0, 2})):
        for label in range(3):
            q = p[picture, label]
            if label in there:
                expected = expected - (1 - q) * q.log()
            else:
                rest = (1 - q + 0.05).clamp(max=1)
                expected = expected - (1 - rest) ** 2 * rest.log()
    samples = [DataSample().set_gt_label([1]), DataSample().set_gt_label([0, 2])]
    torch.testing.assert_close(head.loss(feats, samples)['loss'], expected / 2)


def test_a_picture_of_one_patch_has_the_logits_of_the_patch(feats):
    head = MODELS.build(dict(type='DualCoOpHead'))
    whole = head.patch_logits(feats)
    alone = feats._replace(visual=feats.visual[:, 2:3], grid=(1, 1))
    torch.testing.assert_close(head(alone), whole[:, 2])


@pytest.mark.parametrize('field', ['labels', 'negative'])
def test_the_head_says_which_stage_is_missing(feats, field):
    head = MODELS.build(dict(type='DualCoOpHead'))
    with pytest.raises(ValueError, match=f'DualCoOpHead needs VLFeatures.{field}'):
        head(feats._replace(**{field: None}))


@pytest.mark.parametrize('field', ['labels', 'negative'])
def test_texts_of_another_width_are_refused(feats, field):
    head = MODELS.build(dict(type='DualCoOpHead'))
    with pytest.raises(
        ValueError, match=f'DualCoOpHead: visual is 4 wide.*{field} is 5'
    ):
        head(feats._replace(**{field: torch.randn(3, 5)}))
