import json
from pathlib import Path

import pytest
import torch
from mmpretrain.registry import MODELS
from open_clip import SimpleTokenizer
from torch.nn.functional import pad
from torch.utils.flop_counter import FlopCounterMode

from mvlr_mm.label_names import read_label_names
from mvlr_mm.models.text import TokenBatch

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


def test_tower_that_is_not_causal_is_refused(tmp_path, tiny_clip):
    config = json.loads(Path(tiny_clip()['model']).read_text())
    config['text_cfg']['no_causal_mask'] = True
    path = tmp_path / 'two_ways.json'
    path.write_text(json.dumps(config))
    with pytest.raises(ValueError, match=r'two_ways\.json.*causal.*HFTextEncoder'):
        MODELS.build(dict(type='CLIPTextEncoder', model=str(path)))


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
    for tokens in (cut, whole):
        with FlopCounterMode(display=False) as counter:
            outputs.append(encoder(tokens, prompt))
            outputs[-1].sum().backward()
        flops.append(counter.get_total_flops())
    torch.testing.assert_close(*outputs, rtol=1e-4, atol=1e-5)
    assert flops[0] <= flops[1] / 8
