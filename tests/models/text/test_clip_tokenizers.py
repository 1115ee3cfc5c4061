import pytest
import torch
from open_clip.tokenizer import HFTokenizer, SimpleTokenizer

from mvlr_mm.models.text.clip_tokenizers import CLIPTokens, HFTokens, make_tokens

transformers = pytest.importorskip('transformers')
tokenizers = pytest.importorskip('tokenizers')

WORDS = ['a', 'photo', 'of', 'cat', 'dog']
TEXTS = ['a photo of a cat', 'dog']


def write(folder, special, form, pad, side='right'):
    """A tokenizer of the transformers library, in a folder."""
    ids = {word: i for i, word in enumerate([*special, '<unk>', *WORDS])}
    backend = tokenizers.Tokenizer(tokenizers.models.WordLevel(ids, '<unk>'))
    backend.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    backend.post_processor = tokenizers.processors.TemplateProcessing(
        single=form, special_tokens=[(word, ids[word]) for word in special]
    )
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=backend,
        pad_token=pad,
        sep_token=special[-1],
        padding_side=side,
    ).save_pretrained(folder)
    return str(folder)


def padded(rows, pad, length):
    return torch.tensor([row + [pad] * (length - len(row)) for row in rows])


def test_clips_rows_are_open_clips():
    ours, theirs = CLIPTokens(16), SimpleTokenizer(context_length=16)
    rows = padded([ours.row(text) for text in TEXTS], ours.pad, 16)
    assert torch.equal(rows, theirs(TEXTS))
    free = ours.row('cat', 2)
    assert free[:1] + ours.words('a photo') + free[3:] == ours.row('a photo cat')
    assert free[1:3] == free[:1] * 2  # neither an end nor padding
    assert ours.vocab_size == theirs.vocab_size


@pytest.mark.parametrize(
    ('special', 'form', 'pad', 'start'),
    [
        (['<pad>', '</s>'], '$A </s>', '<pad>', 0),  # T5's
        (['<pad>', '</s>'], '$A </s>', '</s>', 0),  # SigLIP's
        (['<s>', '<pad>', '</s>'], '<s> $A </s>', '<pad>', 1),  # XLM's
    ],
)
def test_rows_of_the_library_are_open_clips(tmp_path, special, form, pad, start):
    name = write(tmp_path, special, form, pad)
    ours, theirs = HFTokens(name, 8), HFTokenizer(name, context_length=8)
    rows = padded([ours.row(text) for text in TEXTS], ours.pad, 8)
    assert torch.equal(rows, theirs(TEXTS))
    assert ours.num_start == start
    free, whole = ours.row('cat', 2), ours.row('a photo cat')
    assert free[:start] + ours.words('a photo') + free[start + 2 :] == whole


def test_options_of_the_config_are_open_clips(tmp_path):
    name = write(tmp_path, ['<pad>', '<s>', '</s>'], '<s> $A </s>', '<pad>')
    options = dict(clean='canonicalize', strip_sep_token=True)
    cfg = dict(hf_tokenizer_name=name, context_length=8, tokenizer_kwargs=options)
    theirs = HFTokenizer(name, context_length=8, **options)
    row = make_tokens(cfg, None).row('A photo, of: a cat!')
    assert torch.equal(padded([row], 0, 8), theirs(['A photo, of: a cat!']))
    assert row[-1] == 0  # the separator is stripped
    cfg = dict(context_length=9, tokenizer_kwargs=dict(clean='canonicalize'))
    plain = make_tokens(cfg, tmp_path)
    assert plain.words('A cat.') == plain.words('a cat')


def test_files_beside_the_config_stand_for_those_on_the_hub(tmp_path):
    write(tmp_path, ['<pad>', '</s>'], '$A </s>', '<pad>')
    tokens = make_tokens(dict(hf_tokenizer_name='timm/ViT-B-16-SigLIP'), tmp_path)
    assert tokens.vocab_size == 3 + len(WORDS)


def test_what_cannot_be_used_is_named(tmp_path, monkeypatch):
    with pytest.raises(OSError, match=r'tokenizer .*gone.* could not be loaded'):
        HFTokens(str(tmp_path / 'gone'), 8)
    name = write(tmp_path, ['<pad>', '</s>'], '$A </s>', '<pad>', side='left')
    with pytest.raises(ValueError, match=r'must pad behind the text'):
        HFTokens(name, 8)
    with monkeypatch.context() as patch:
        patch.setitem(__import__('sys').modules, 'transformers', None)
        with pytest.raises(ImportError, match=r'pip install "transformers<4.52"'):
            HFTokens(name, 8)
