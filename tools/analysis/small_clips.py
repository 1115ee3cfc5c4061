"""Small models of every family that open_clip lists, as open_clip builds them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import open_clip
import timm
import tokenizers
import torch
import transformers
from safetensors.torch import save_file
from torch import nn

SIZE, HEADS = 64, 4
NAMES = ('cat', 'traffic light', 'potted plant')
PROMPT = 'a photo of a'
WORDS = f'{PROMPT} {" ".join(NAMES)} this contains'.split()
# By the beginning of timm's name: what makes a trunk small. The others are as they are.
SMALL = {
    'convnext': dict(depths=(1, 1, 1, 1), dims=(8, 16, 32, SIZE)),
    'swin': dict(depths=(1, 1, 1, 1), embed_dim=8, num_heads=(1, 1, 1, 1)),
    'vit_base_mci': dict(depth=1),
    'vitamin': dict(depth=1),
    'vit_': dict(depth=1, embed_dim=SIZE, num_heads=HEADS),
    'eva': dict(depth=1, embed_dim=SIZE, num_heads=HEADS),
}


@contextmanager
def small_trunks() -> Iterator[None]:
    """Let timm build every trunk with few blocks and channels."""
    create = timm.create_model

    def small(name: str, **kwargs: Any) -> nn.Module:
        fitting = (sizes for start, sizes in SMALL.items() if name.startswith(start))
        return create(name, **kwargs, **next(fitting, {}))

    timm.create_model = small
    try:
        yield
    finally:
        timm.create_model = create


def small_config(name: str, folder: Path) -> dict[str, Any]:
    """Return a model's config with one block a tower, few channels, no download."""
    config = open_clip.get_model_config(name)
    vision, text = config['vision_cfg'], config['text_cfg']
    config['embed_dim'] = SIZE
    if isinstance(vision.get('layers'), list):
        vision.update(layers=[1, 1, 1, 1], width=16)
    elif 'layers' in vision:
        vision.update(layers=1, width=2 * vision.get('head_width', 64))
    if 'hf_model_name' in text:  # needs the hub even without its weights
        text = config['text_cfg'] = {}
    text.update(layers=1, width=SIZE, heads=HEADS)
    if 'hf_tokenizer_name' in text:
        save_tokenizer(text['hf_tokenizer_name'], folder)
        text['vocab_size'] = 100
    if 'multimodal_cfg' in config:
        config['multimodal_cfg'].update(layers=1, width=SIZE, heads=HEADS)
    return config


def save_tokenizer(name: str, folder: Path) -> None:
    """Write a tokenizer of the form of one on the hub.

    Start and end of a text, the ids of both, and what fills it up are as there.
    """
    if 'xlm' in name or 'roberta' in name:
        special, pad, form = ['<s>', '<pad>', '</s>', '<unk>'], '<pad>', '<s> $A </s>'
    elif 'bert' in name:
        special, pad = ['[PAD]', '[CLS]', '[SEP]', '<unk>'], '[PAD]'
        form = '[CLS] $A [SEP]'
    else:  # T5's, and SigLIP's which fill up with the end
        special, form = ['<pad>', '</s>', '<unk>'], '$A </s>'
        pad = '</s>' if 'SigLIP' in name and 'SigLIP2' not in name else '<pad>'
    ids = {word: i for i, word in enumerate([*special, *dict.fromkeys(WORDS)])}
    backend = tokenizers.Tokenizer(tokenizers.models.WordLevel(ids, '<unk>'))
    backend.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    backend.post_processor = tokenizers.processors.TemplateProcessing(
        single=form, special_tokens=[(word, ids[word]) for word in special]
    )
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=backend,
        pad_token=pad,
        sep_token='[SEP]' if '[SEP]' in special else None,
        padding_side='right',
    )
    tokenizer.save_pretrained(folder)


def make_small_clip(name: str, folder: Path) -> nn.Module:
    """Build open_clip's own model, and write what CLIPBackbone loads.

    Args:
        name: In open_clip.
        folder: For ``open_clip_config.json``, ``clip.safetensors`` and the tokenizer.
    """
    config = dict(model_cfg=small_config(name, folder))
    (folder / 'open_clip_config.json').write_text(json.dumps(config))
    torch.manual_seed(0)
    with small_trunks():
        clip = open_clip.create_model(f'local-dir:{folder}', load_weights=False).eval()
    for parameter in clip.parameters():  # so that no norm, bias or gain does nothing
        parameter.data += 0.1 * torch.randn_like(parameter)
    for key, buffer in clip.named_buffers():
        if 'running' in key:
            buffer.uniform_(0.5, 1.5)
    state = {key: value.clone() for key, value in clip.state_dict().items()}
    save_file(state, folder / 'clip.safetensors')
    return clip
