import json
from pathlib import Path

import open_clip
import pytest
import torch
from mmpretrain.registry import MODELS
from open_clip import SimpleTokenizer
from safetensors.torch import save_file
from torch.nn.functional import pad
from torch.utils.flop_counter import FlopCounterMode

from mvlr_mm.labels.names import read_label_names
from mvlr_mm.models.text import CLIPTextEncoder, TokenBatch

TEXT = dict(context_length=24, vocab_size=49408, width=32, heads=2, layers=2)
VISION = dict(layers=1, width=16, head_width=16, patch_size=16, image_size=32)
NAMES = ['cat', 'traffic light', 'potted plant']


@pytest.fixture
def encoder(tiny_clip):
    return MODELS.build(dict(type='CLIPTextEncoder', **tiny_clip()))


def encode_text(clip, texts):
    return clip.encode_text(SimpleTokenizer(context_length=24)(texts))


def test_hard_prompts_equal_open_clip(encoder, tiny_clip, reference_clip):
    texts = [f'This photo contains {name}.' for name in NAMES]
    tokens = encoder.tokenize(texts)
    assert tokens.ids.shape[1] == 8  # start, 5 words, full stop, end; not 24
    expected = encode_text(reference_clip(tiny_clip()), texts)
    torch.testing.assert_close(encoder(tokens), expected)


def test_soft_prompt_of_words_equals_the_written_prompt(
    encoder, tiny_clip, reference_clip
):
    prompt = encoder.embed_words('a photo of a')
    assert prompt.shape == (4, encoder.token_dim)
    out = encoder(encoder.tokenize(NAMES, prompt_length=4), prompt)
    expected = encode_text(
        reference_clip(tiny_clip()), [f'a photo of a {name}' for name in NAMES]
    )
    torch.testing.assert_close(out, expected)


def test_gradient_reaches_the_prompt_and_no_weight(encoder):
    encoder.train()
    assert not encoder.training
    prompt = encoder.embed_words('a photo of a').requires_grad_()
    encoder(encoder.tokenize(NAMES, 4), prompt).sum().backward()
    assert prompt.grad.abs().min() > 0
    assert all(p.grad is None and not p.requires_grad for p in encoder.parameters())


def test_gradient_is_that_of_open_clip(encoder, tiny_clip, reference_clip):
    prompt = encoder.embed_words('a photo of a').requires_grad_()
    weights = torch.randn(len(NAMES), encoder.embed_dim)
    (encoder(encoder.tokenize(NAMES, 4), prompt) * weights).sum().backward()

    clip = reference_clip(tiny_clip())
    tokens = SimpleTokenizer(context_length=24)([f'a photo of a {n}' for n in NAMES])
    written = []

    def keep(_module, _args, out):
        written.append(out)
        out.retain_grad()

    handle = clip.token_embedding.register_forward_hook(keep)
    (clip.encode_text(tokens) * weights).sum().backward()
    handle.remove()
    expected = written[0].grad[:, 1:5].sum(0)
    torch.testing.assert_close(prompt.grad, expected, rtol=1e-3, atol=1e-4)


def test_too_long_text_is_named(encoder):
    with pytest.raises(
        ValueError, match=r"text \('very very.*takes 27 tokens.*reads 24"
    ):
        encoder.tokenize(['very ' * 21 + 'long'], prompt_length=3)


@pytest.fixture
def make(tmp_path):
    """An encoder with other ``text_cfg``, and open_clip's model it comes from."""

    def build(coca=False, **text_cfg):
        text = dict(TEXT, **text_cfg)
        config = dict(embed_dim=16, vision_cfg=VISION, text_cfg=text)
        if coca:
            config['multimodal_cfg'] = TEXT
        clip = (open_clip.CoCa if coca else open_clip.CustomTextCLIP)(**config).eval()
        for parameter in clip.parameters():
            parameter.data += 0.1 * torch.randn_like(parameter)
        config['custom_text'] = True
        (tmp_path / 'clip.json').write_text(json.dumps(config))
        save_file(clip.state_dict(), tmp_path / 'clip.safetensors')
        files = [str(tmp_path / f'clip.{end}') for end in ('json', 'safetensors')]
        return CLIPTextEncoder(*files), clip

    return build


@pytest.mark.parametrize(
    ('text_cfg', 'columns'),
    [
        (dict(), 8),
        (dict(proj_bias=True), 8),
        (dict(no_causal_mask=True, pool_type='first'), 24),
        (dict(pool_type='last'), 24),
        (dict(no_causal_mask=True), 24),
        (dict(no_causal_mask=True, pool_type='last', proj_type='none', width=16), 24),
        (dict(coca=True, embed_cls=True, output_tokens=True), 9),
        (dict(coca=True, embed_cls=True, output_tokens=True, context_length=8), 8),
    ],
)
def test_each_kind_of_tower_is_cut_where_nothing_is_lost(make, text_cfg, columns):
    encoder, clip = make(**text_cfg)
    context_length = clip.text.context_length
    texts = [f'a photo of a {name}' for name in NAMES]
    options = dict(normalize=False) if 'coca' in text_cfg else {}
    ids = SimpleTokenizer(context_length=context_length)(texts)
    expected = clip.encode_text(ids, **options)
    context = encoder.embed_words('a photo of a').requires_grad_()
    tokens = encoder.tokenize(NAMES, 4)
    assert tokens.ids.shape[1] == columns  # start, prompt, 'traffic light', end: 8
    for found in (
        encoder(encoder.tokenize(texts)),
        encoder(tokens, context),
        encoder.encode(tokens, context, chunk_size=1),
        encoder(tokens, context.expand(len(NAMES), -1, -1)),
    ):
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    found.square().sum().backward()
    assert context.grad.abs().min() > 0


def test_towers_that_it_does_not_run_are_refused(tmp_path, tiny_clip):
    config = json.loads(Path(tiny_clip()['model']).read_text())
    path = tmp_path / 'x.json'
    for text_cfg, message in (
        (dict(hf_model_name='roberta-base'), r"x\.json.*HFTextEncoder', model='rob"),
        (dict(TEXT, pool_type='none'), r'x\.json.* does not pool its text'),
        (dict(TEXT, vocab_size=1000), r'x\.json.* has 1000 tokens.*has 49408'),
        (dict(TEXT, tokenizer_mode='clips', hf_tokenizer_name='b'), r"mode \('clips'"),
    ):
        path.write_text(json.dumps(dict(config, text_cfg=text_cfg)))
        with pytest.raises(ValueError, match=message):
            CLIPTextEncoder(str(path))
    with pytest.raises(ValueError, match=r'CLIPTextEncoder needs model'):
        CLIPTextEncoder()


def test_chunks_are_cut_at_their_own_longest_text(encoder):
    names = ['sea', 'a very old street lamp', 'cat', 'traffic light', 'dog']
    tokens, lengths = encoder.tokenize(names, 4), []
    encoder.register_forward_hook(
        lambda m, args, out: lengths.append(args[0].ids.shape)
    )
    prompt = encoder.embed_words('a photo of a')
    whole = encoder(tokens, prompt)
    torch.testing.assert_close(encoder.encode(tokens, prompt, chunk_size=2), whole)
    assert lengths == [(5, 11), (2, 7), (2, 8), (1, 11)]


def test_the_cut_leaves_an_eighth_of_the_step_for_cocos_labels(tmp_path, tiny_clip):
    config = json.loads(Path(tiny_clip()['model']).read_text())
    config['text_cfg']['context_length'] = 77  # of OpenAI's CLIPs
    path = tmp_path / 'long.json'
    path.write_text(json.dumps(config))
    encoder = MODELS.build(dict(type='CLIPTextEncoder', model=str(path)))
    cut = encoder.tokenize(read_label_names('coco'), 4)
    rest = 77 - cut.ids.shape[1]
    whole = TokenBatch(pad(cut.ids, (0, rest)), pad(cut.mask, (0, rest)))
    prompt = encoder.embed_words('a photo of a').requires_grad_()
    outputs, flops = [], []
    for encode, tokens in (
        (encoder, cut),
        (encoder.forward_plain, cut),
        (encoder.forward_plain, whole),
    ):
        with FlopCounterMode(display=False) as counter:
            outputs.append(encode(tokens, prompt))
            outputs[-1].sum().backward()
        flops.append(counter.get_total_flops())
    torch.testing.assert_close(outputs[0], outputs[2], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(outputs[1], outputs[2], rtol=1e-4, atol=1e-5)
    assert flops[1] <= flops[2] / 8
    assert flops[0] <= flops[1] / 3  # what all begin with is computed once


def test_texts_of_another_thread_do_not_take_the_place_of_these(encoder, monkeypatch):
    """What threads share is set by another one as soon as it is set by this one."""
    tokens, others = encoder.tokenize(NAMES), encoder.tokenize(['a dog', 'the sea'])
    expected = encoder(tokens)
    encoder(others)
    foreign, put = encoder._packed, CLIPTextEncoder.__setattr__

    def put_and_be_late(module, name, value):
        put(module, name, foreign if name == '_packed' else value)

    monkeypatch.setattr(CLIPTextEncoder, '__setattr__', put_and_be_late)
    torch.testing.assert_close(encoder(tokens), expected)
