import pytest
import torch
from mmpretrain.registry import MODELS
from open_clip import SimpleTokenizer
from torch.utils.flop_counter import FlopCounterMode

from mvlr_mm import VLFeatures

NAMES = ['cat', 'traffic light', 'dog']
FEATS = VLFeatures(torch.zeros(2, 4, 16), (2, 2))


@pytest.fixture
def build(tiny_clip):
    def make(**kwargs):
        encoder = dict(type='CLIPTextEncoder', **tiny_clip())
        kwargs = {'classes': NAMES, **kwargs}
        return MODELS.build(dict(type='PDLR', text_encoder=encoder, **kwargs))

    return make


@pytest.fixture
def encode(tiny_clip, reference_clip):
    clip = reference_clip(tiny_clip())
    return lambda texts: clip.encode_text(SimpleTokenizer(context_length=24)(texts))


def test_hard_and_soft_prompts_are_open_clips_encodings(build, encode):
    out = build(context_init='a photo of a')(FEATS)
    hard = encode([f'This photo contains {name}.' for name in NAMES])
    soft = encode([f'a photo of a {name}' for name in NAMES])
    torch.testing.assert_close(out.hard, hard)
    torch.testing.assert_close(out.soft, soft)
    torch.testing.assert_close(out.labels, (hard + soft) / 2)


@pytest.mark.parametrize(
    ('prompts', 'text'),
    [
        ('hard', 'This photo contains {}.'),
        ('names', '{}'),
        ('soft', 'a photo of a {}'),
    ],
)
def test_one_kind_of_prompt_stands_in_for_both(build, encode, prompts, text):
    out = build(prompts=prompts, context_init='a photo of a')(FEATS)
    expected = encode([text.format(name) for name in NAMES])
    for labels in (out.hard, out.soft, out.labels):
        torch.testing.assert_close(labels, expected)


def test_only_the_prompt_learns(build):
    neck = build()
    neck(FEATS).labels.square().sum().backward()
    assert [n for n, p in neck.named_parameters() if p.grad is not None] == ['context']
    assert [n for n, p in neck.named_parameters() if p.requires_grad] == ['context']
    assert not [p for p in build(prompts='names').parameters() if p.requires_grad]


def test_a_prompt_without_words_starts_small_and_at_random(build):
    torch.manual_seed(0)
    context = build(classes=['cat'], num_tokens=20).context
    assert len(context) == 20
    assert context.std().item() == pytest.approx(0.02, rel=0.15)
    assert context.mean().item() == pytest.approx(0, abs=0.003)


def test_a_checkpoint_has_no_tokens_of_labels(build):
    keys = {k for k in build().state_dict() if not k.startswith('text_encoder.')}
    assert keys == {'context', 'hard', 'label_record'}


def test_another_width_goes_through_a_map_that_learns(build):
    neck = build(embed_dim=5)
    out = neck(FEATS)
    assert out.hard.shape == out.soft.shape == (3, 5)
    torch.testing.assert_close(out.hard, neck.proj(neck.hard))


def test_set_classes_equals_building_with_them(build):
    neck, other = build(context_init='a photo of a'), ['sea', 'moon']
    neck.set_classes(other)
    expected = build(classes=other, context_init='a photo of a')
    assert neck.classes == ('sea', 'moon')
    for ours, theirs in zip(neck(FEATS)[2:5], expected(FEATS)[2:5], strict=True):
        torch.testing.assert_close(ours, theirs)
    with pytest.raises(ValueError, match=r"'sea' occurs twice"):
        neck.set_classes(['sea', 'sea'])
    assert neck.classes == ('sea', 'moon')


def test_set_classes_is_all_or_nothing(build):
    """The template makes a name too long that fits the soft prompt."""
    neck = build(template=' '.join(['a', 'photo'] * 9) + ' of {}')
    before = {name: value.clone() for name, value in neck.named_buffers()}
    classes, out = neck.classes, neck(FEATS)
    with pytest.raises(ValueError, match='tokens'):
        neck.set_classes(['sea', 'a very long name of a thing that has many words'])
    assert neck.classes == classes
    assert {n for n, v in neck.named_buffers() if not v.equal(before[n])} == set()
    for ours, theirs in zip(neck(FEATS)[2:5], out[2:5], strict=True):
        torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize(
    'template', ['photo', '{} or {}', '{0}', '{name}', ['{}'], None]
)
def test_a_template_has_one_place_for_the_label(build, template):
    with pytest.raises(ValueError, match=r"^template \(.*must be a text with one '{}'"):
        build(template=template)


def test_other_braces_of_a_template_are_text(build):
    neck = build(template='{a} {}', classes=['cat', 'dog'])
    plain = build(prompts='names', context_init=None, classes=['{a} cat', '{a} dog'])
    torch.testing.assert_close(neck.hard, plain.hard)


def count_calls(neck):
    calls = []
    neck.text_encoder.register_forward_hook(lambda *_: calls.append(1))
    return calls


def test_evaluation_encodes_once_until_something_changes(build):
    neck = build().eval()
    calls = count_calls(neck)
    with torch.no_grad():
        first = neck(FEATS).soft
        neck(FEATS)
        assert len(calls) == 1
        # EMAHook swaps the data of parameters and then calls eval()
        neck.context.data.add_(1)
        neck.eval()
        assert not torch.allclose(neck(FEATS).soft, first)
        assert len(calls) == 2
        neck.load_state_dict(neck.state_dict())
        neck(FEATS)
        neck.double()
        assert neck(FEATS).soft.dtype == torch.float64
        neck.set_classes(NAMES[:2])
        assert len(neck(FEATS).soft) == 2


@pytest.mark.parametrize('prompts', ['hard+soft', 'soft', 'hard', 'names'])
def test_evaluation_gives_the_same_tensors_again(build, prompts):
    # what later stages compute from them can then be kept, too
    neck = build(prompts=prompts, embed_dim=5).eval()
    with torch.no_grad():
        first, second = neck(FEATS), neck(FEATS)
    assert first.hard is second.hard
    assert first.labels is second.labels


def test_no_multiply_adds_of_text_after_the_first_batch(build):
    neck = build().eval()
    with torch.no_grad():
        neck(FEATS)
        with FlopCounterMode(display=False) as counter:
            neck(FEATS)
    assert counter.get_total_flops() == 0


def test_chunks_of_labels_give_the_same_vectors_and_gradient(build):
    names = [*NAMES, 'a very old street lamp', 'sea', 'moon', 'sky']
    words = dict(classes=names, context_init='a photo of a')
    whole, chunked = build(**words), build(**words, chunk_size=2)
    calls, gradients = [], []
    chunked.text_encoder.register_forward_pre_hook(lambda *_: calls.append(1))
    for neck in (whole, chunked):
        out = neck(FEATS)
        out.labels.sin().sum().backward()
        gradients.append(neck.context.grad)
    assert len(calls) == 8  # four chunks, and each again in the backward
    close = dict(rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(chunked(FEATS).soft, whole(FEATS).soft, **close)
    torch.testing.assert_close(chunked.hard, whole.hard, **close)
    torch.testing.assert_close(*gradients, rtol=1e-4, atol=1e-4)


def test_training_encodes_every_time(build):
    neck = build().train()
    calls = count_calls(neck)
    neck(FEATS)
    neck(FEATS)
    assert len(calls) == 2


def test_checkpoint_of_other_labels_is_refused(build):
    state = build(classes=['a', 'b']).state_dict()
    with pytest.raises(ValueError, match=r'trained for 2 labels.*has 3.*set_classes'):
        build().load_state_dict(state)


def test_checkpoint_brings_the_hard_prompts_along(build):
    source, target = build(), build()
    target.hard.zero_()
    target.load_state_dict(source.state_dict())
    assert torch.equal(target.hard, source.hard)


def test_arguments_are_checked(build):
    with pytest.raises(ValueError, match=r"prompts \('both'\) must be one of"):
        build(prompts='both')
    with pytest.raises(ValueError, match=r"'a photo of a'\) is 4 tokens.*is 8"):
        build(num_tokens=8, context_init='a photo of a')
    with pytest.raises(ValueError, match=r'num_tokens \(0\)'):
        build(num_tokens=0)
    with pytest.raises(ValueError, match=r'chunk_size \(0\) must be a whole number'):
        build(chunk_size=0)
    with pytest.raises(FileNotFoundError, match=r'no_such_file\.txt'):
        build(classes='no_such_file.txt')


def test_one_token_and_one_label_at_a_time_are_enough(build):
    neck, whole = build(num_tokens=1, context_init='a', chunk_size=1), build()
    assert len(neck.soft_prompt) == 1
    torch.testing.assert_close(neck.hard, whole.hard)


@pytest.mark.parametrize('prompts', ['hard+soft', 'hard', 'soft', 'names'])
def test_the_same_labels_in_another_order_are_taken_by_name(build, prompts):
    source, target = build(prompts=prompts), build(prompts=prompts, classes=NAMES[::-1])
    target.load_state_dict(source.state_dict())
    expected, found = source(FEATS), target(FEATS)
    assert found.names == tuple(NAMES[::-1])
    for field in ('hard', 'soft', 'labels'):
        got, wanted = getattr(found, field), getattr(expected, field)
        torch.testing.assert_close(got, wanted.flip(0))


def test_as_many_other_labels_are_refused(build):
    state = build(classes=['cat', 'traffic light', 'cow']).state_dict()
    message = r"only in the checkpoint: 'cow', first only in the model: 'dog'"
    for prompts in ('hard+soft', 'soft'):
        with pytest.raises(ValueError, match=message):
            build(prompts=prompts).load_state_dict(state, strict=False)


def test_another_template_is_refused_where_it_counts(build):
    state = build(template='An aerial picture of {}.').state_dict()
    message = r"trained with the template 'An aerial .* the model has 'This photo"
    with pytest.raises(ValueError, match=message):
        build().load_state_dict(state)
    soft = build(prompts='soft', template='An aerial picture of {}.')
    build(prompts='soft').load_state_dict(soft.state_dict())


@pytest.mark.parametrize('order', [[0, 1, 2], [0, 2, 1]])
def test_a_checkpoint_without_record_shows_its_labels_by_its_vectors(build, order):
    source = build(classes=[NAMES[i] for i in order])
    state = {k: v for k, v in source.state_dict().items() if 'record' not in k}
    target = build()
    if order == [0, 1, 2]:
        target.load_state_dict(state)
        assert torch.equal(target.hard, source.hard)
        return
    with pytest.raises(ValueError, match=r"vector 1 is not that of 'traffic light'"):
        target.load_state_dict(state)
    # vectors of another tower, which comes along, cannot be compared
    for key in state:
        if key.endswith('token_embedding.weight'):
            state[key] = state[key] + 1
    target.load_state_dict(state)


def test_labels_set_in_inference_mode_can_be_trained_behind(build):
    stage = build(embed_dim=8)  # a projection, which keeps what it reads
    with torch.inference_mode():
        stage.set_classes(['sea', 'lighthouse'])
    stage.train()
    out = stage(FEATS)
    (out.hard.sum() + out.soft.sum()).backward()
    assert stage.proj.weight.grad.any()
    assert stage.context.grad.any()
