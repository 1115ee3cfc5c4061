import math
from functools import partial

import pytest
import torch
from mmpretrain.registry import MODELS
from torch import nn

from mvlr_mm import VLFeatures
from mvlr_mm.models.peers import tagclip

NAMES = ['cat', 'sky', 'boat']


def build(tiny_clip, **more):
    encoder = dict(type='CLIPTextEncoder', **tiny_clip())
    return MODELS.build(
        dict(
            type='TagCLIPHead',
            text_encoder=encoder,
            embed_dim=16,
            classes=NAMES,
            **more,
        )
    )


@pytest.fixture
def head(tiny_clip):
    return build(
        tiny_clip, background=['sky', 'road'], scale=100.0, attention_scale=10.0
    )


def test_texts_are_encoded_once_and_the_tower_is_not_kept(head, tiny_clip):
    encoder = MODELS.build(dict(type='CLIPTextEncoder', **tiny_clip()))
    texts = [f'a photo of a {name}.' for name in (*NAMES, 'road')]  # sky is a label
    expected = encoder.encode_texts(texts)
    torch.testing.assert_close(torch.cat([head.labels, head.background]), expected)
    assert not list(head.parameters())
    assert set(head.state_dict()) == {'labels', 'background', 'scale', 'label_record'}


@pytest.mark.parametrize('scale', [100.0, 5.0])
def test_is_the_method_written_out_patch_by_patch(head, scale):
    head.scale.fill_(scale)
    torch.manual_seed(0)
    # near a text each, so that regions are more than noise
    texts = torch.cat([head.labels, head.background])
    texts = [t / t.norm() for t in texts]
    near = torch.stack([texts[i] for i in (0, 0, 2, 3, 3, 0)])
    patches = near + 0.05 * torch.randn(6, 16)
    units = [p / p.norm() for p in patches]

    def classify(vector):
        exps = [math.exp(scale * float(vector @ text)) for text in texts]
        return [e / sum(exps) for e in exps]

    coarse = [classify(u) for u in units]
    attention = []
    for a in units:
        exps = [math.exp(10 * float(a @ b)) for b in units]
        row = [e / sum(exps) for e in exps]
        attention.append([w if w > 1 / 6 else 0.0 for w in row])
    expected = []
    maps = []
    for c in range(4):
        first = [sum(w * coarse[j][c] for j, w in enumerate(r)) for r in attention]
        inside = [x > sum(first) / 6 for x in first]
        maps.append(
            [
                sum(w * coarse[j][c] * inside[j] for j, w in enumerate(row))
                for row in attention
            ]
        )
    low = min(min(m) for m in maps)
    high = max(max(m) for m in maps)
    for c in range(3):
        score, m = max(maps[c]), maps[c]
        if score > (low + high) / 2:
            middle = (min(m) + max(m)) / 2
            region = sum(p for p, x in zip(patches, m, strict=True) if x > middle)
            score = (score + classify(region / region.norm())[c]) / 2
        expected.append(score)
    found = head(VLFeatures(patches[None], (2, 3))).sigmoid()[0]
    assert found.tolist() == pytest.approx(expected, abs=2e-4)
    assert scale < 100 or found[0] > 0.5 > found[1]


def test_a_label_that_stands_out_is_classified_by_its_region_alone(head):
    torch.manual_seed(0)
    patches = torch.randn(1, 3, 16)
    refined = [  # of three patches: cat, sky, boat, and the background road
        [0.60, 0.40, 0.10, 0.20],
        [0.45, 0.10, 0.10, 0.90],
        [0.40, 0.20, 0.10, 0.30],
    ]
    head.pre_logits = lambda feats: torch.tensor([refined])
    found = head(VLFeatures(patches, (1, 3))).sigmoid()[0]
    # in the middle of all scores, the background's too, is 0.5: only the cat is above
    texts = torch.cat([head.labels, head.background])
    cosines = nn.functional.cosine_similarity(patches[0, :1], texts)
    # and in the middle of its own is 0.5 as well: its region is the first patch
    again = (100 * cosines).softmax(dim=0)[0].item()
    expected = [(0.6 + again) / 2, 0.4, 0.1]
    assert found.tolist() == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    ('kind', 'grid'), [('one patch', (1, 1)), ('all alike', (2, 3))]
)
def test_where_no_patch_differs_each_is_classified_as_it_is(head, kind, grid):
    torch.manual_seed(0)
    picture = torch.randn(2, 1, 16)
    feats = VLFeatures(picture.repeat(1, grid[0] * grid[1], 1), grid)
    texts = nn.functional.normalize(torch.cat([head.labels, head.background]), dim=-1)
    cosines = nn.functional.normalize(picture[:, 0], dim=-1) @ texts.T
    expected = (100 * cosines).softmax(dim=-1)[:, :3].clamp(1e-6, 1 - 1e-6)
    torch.testing.assert_close(head(feats).sigmoid(), expected, rtol=1e-4, atol=1e-6)
    maps = head.patch_logits(feats).sigmoid()
    torch.testing.assert_close(
        maps, expected[:, None].expand_as(maps), rtol=1e-4, atol=1e-6
    )


@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float16])
def test_a_sure_score_has_a_finite_logit_in_half_precision(head, dtype):
    sure = (10 * head.labels[0]).expand(1, 6, 16)
    head.scale.fill_(1000)
    head.to(dtype)
    feats = VLFeatures(sure.to(dtype), (2, 3))
    assert head(feats).isfinite().all()
    assert head.patch_logits(feats).isfinite().all()
    assert head(feats).argmax() == 0


def test_every_picture_of_a_batch_is_on_its_own(head):
    torch.manual_seed(0)
    patches = torch.randn(3, 6, 16)
    whole = head(VLFeatures(patches, (2, 3)))
    for i in range(3):
        alone = head(VLFeatures(patches[i : i + 1], (2, 3)))
        torch.testing.assert_close(alone[0], whole[i], rtol=1e-4, atol=1e-5)


def test_patches_have_logits_to_look_at(head):
    feats = VLFeatures(torch.randn(2, 6, 16), (2, 3))
    maps = head.patch_logits(feats).sigmoid()
    torch.testing.assert_close(maps, head.pre_logits(feats)[..., :3].clamp(1e-6))


def test_texts_of_another_width_are_refused(tiny_clip):
    encoder = MODELS.build(dict(type='CLIPTextEncoder', **tiny_clip()))
    kind = MODELS.get('TagCLIPHead')
    with pytest.raises(ValueError, match=r'TagCLIPHead: texts is 16 wide'):
        kind(encoder, embed_dim=20, classes=NAMES)
    assert isinstance(encoder, nn.Module)


def test_scores_are_as_sharp_as_the_clip_was_trained(clip_of, tiny_clip):
    patches = VLFeatures(torch.randn(1, 1, 16), (1, 1))
    for factor in (7.5, 40.0):
        head = build(partial(clip_of, factor), background=['road'])
        texts = torch.cat([head.labels, head.background])
        cosines = nn.functional.cosine_similarity(patches.visual[0], texts)
        expected = (factor * cosines).softmax(dim=0)[:3]
        torch.testing.assert_close(head(patches).sigmoid()[0], expected)
    random = build(lambda: dict(tiny_clip(), pretrained=None))
    assert random.scale == 100  # OpenAI's, where the CLIP does not say
    assert build(partial(clip_of, 7.5), scale=3.0).scale == 3


def test_a_checkpoint_knows_how_sharp_its_scores_were(clip_of):
    trained = build(partial(clip_of, 7.5))
    other = build(partial(clip_of, 40.0))
    other.load_state_dict(trained.state_dict())
    assert other.scale == pytest.approx(7.5)
    given = build(partial(clip_of, 40.0), scale=3.0)
    given.load_state_dict(trained.state_dict())
    assert given.scale == 3
    before = {k: v for k, v in trained.state_dict().items() if k != 'scale'}
    other.load_state_dict(before)
    assert other.scale == 100  # what all had, if no other was given
    given.load_state_dict(before)
    assert given.scale == 3


def test_a_checkpoint_is_taken_by_name(head, tiny_clip):
    encoder = dict(type='CLIPTextEncoder', **tiny_clip())
    other = MODELS.build(
        dict(
            type='TagCLIPHead',
            text_encoder=encoder,
            embed_dim=16,
            classes=['boat', 'cat', 'sky'],
            background=['road'],
        )
    )
    other.labels.zero_()
    other.load_state_dict(head.state_dict())
    torch.testing.assert_close(other.labels, head.labels[[2, 0, 1]])


def test_the_background_has_names_that_are_no_labels(tiny_clip):
    head = build(tiny_clip, background=['SKY', 'road', 'Boat '])
    assert head.background.shape == (1, 16)
    with pytest.raises(
        ValueError, match=r"background \('sky'\) must be a list of names"
    ):
        build(tiny_clip, background='sky')


def test_a_template_without_a_place_is_refused(tiny_clip):
    with pytest.raises(ValueError, match=r"template \('a photo'\) must be a text"):
        build(tiny_clip, template='a photo')


def test_small_scores_keep_their_order():
    logits = tagclip._logit(torch.tensor([0.0, 1e-9, 1e-8, 9e-7, 1e-6, 0.5]))
    assert (logits.diff() > 0).all()
    assert logits.isfinite().all()
