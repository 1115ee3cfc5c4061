import errno
import runpy
from pathlib import Path

import numpy as np
import pytest
import torch

from mvlr_mm.models.text import CLIPTextEncoder, read_label_vectors

transformers = pytest.importorskip(
    'transformers', reason='transformers is not installed'
)

ROOT = Path(__file__).parents[3]
TOOL = runpy.run_path(str(ROOT / 'tools/dataset_converters/label_vectors.py'))
NAMES = ['cat', 'traffic light']


@pytest.fixture
def classes(tmp_path):
    (tmp_path / 'classes.txt').write_text('\n'.join(NAMES))
    return tmp_path / 'classes.txt'


@pytest.fixture
def glove(tmp_path):
    (tmp_path / 'glove.txt').write_text('cat 1 2\nlight 3 4\ntraffic 5 8\n')
    return tmp_path / 'glove.txt'


@pytest.fixture
def bert(tmp_path):
    """A BERT of random weights, of 8 numbers a word."""
    words = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'cat', 'traffic', 'light']
    (tmp_path / 'vocab.txt').write_text('\n'.join(words))
    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=len(words),
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=8,
    )
    folder = tmp_path / 'bert'
    transformers.BertModel(config).save_pretrained(folder)
    transformers.BertTokenizerFast(str(tmp_path / 'vocab.txt')).save_pretrained(folder)
    return folder


def run(*words):
    return TOOL['main']([str(word) for word in words])


@pytest.mark.parametrize('ending', ['npz', 'safetensors'])
def test_glove_by_words(classes, glove, tmp_path, capsys, ending):
    out = tmp_path / f'vectors.{ending}'
    assert run(classes, out, '--glove', glove) == 0
    found = read_label_vectors(out, NAMES[::-1])
    assert found.tolist() == [[4, 6], [1, 2]]  # a label of two words: their mean
    assert 'glove: 2 labels, 2 numbers each' in capsys.readouterr().out


def test_bert_by_its_first_token(classes, bert, tmp_path):
    out = tmp_path / 'vectors.npz'
    assert run(classes, out, '--bert', bert) == 0
    tower = transformers.BertModel.from_pretrained(bert).eval()
    ids = torch.tensor([[2, 6, 7, 3]])  # [CLS] traffic light [SEP]
    with torch.no_grad():
        expected = tower(ids).last_hidden_state[0, 0]
    torch.testing.assert_close(read_label_vectors(out, NAMES)[1], expected)


def test_clip_with_a_template_beside_glove(classes, glove, tmp_path, tiny_clip):
    clip, out = tiny_clip(), tmp_path / 'vectors.npz'
    words = ['--clip', clip['model'], '--pretrained', clip['pretrained']]
    words += ['--template', 'a {}.', '--glove', glove]
    assert run(classes, out, *words) == 0
    tower = CLIPTextEncoder(**clip)
    with torch.no_grad():
        expected = tower(tower.tokenize(['a cat.', 'a traffic light.']))
    torch.testing.assert_close(read_label_vectors(out, NAMES, 'clip'), expected)
    assert read_label_vectors(out, NAMES, 'glove')[0].tolist() == [1, 2]
    assert np.load(out)['names'].tolist() == NAMES


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        ([], 'give a source: --glove, --bert, --clip'),
        (['--clip', 'RN50'], '--clip needs --pretrained'),
        (['--glove', 'g', '--template', 'a'], "--template 'a' must have one {}"),
    ],
    ids=str,
)
def test_arguments_that_go_not_together_are_refused(tmp_path, capsys, words, message):
    with pytest.raises(SystemExit):
        run('coco', tmp_path / 'v.npz', *words)
    assert message in capsys.readouterr().err


def test_a_missing_word_is_named_and_nothing_written(classes, tmp_path, capsys):
    (tmp_path / 'glove.txt').write_text('cat 1 2\ntraffic 1 2\n')
    assert run(classes, tmp_path / 'v.npz', '--glove', tmp_path / 'glove.txt') == 1
    assert "no vector for the word 'light'" in capsys.readouterr().err
    assert not (tmp_path / 'v.npz').exists()


def test_a_disk_that_fills_up_is_said(classes, glove, tmp_path, capsys, monkeypatch):
    def fill(*args, **arrays):
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr(np, 'savez', fill)
    assert run(classes, tmp_path / 'v.npz', '--glove', glove) == 1
    assert 'No space left on device' in capsys.readouterr().err
    assert not list(tmp_path.glob('*v*.npz'))


def test_a_file_stays_unless_overwritten(classes, glove, tmp_path, capsys):
    out = tmp_path / 'v.npz'
    out.write_bytes(b'mine')
    assert run(classes, out, '--glove', glove) == 1
    assert out.read_bytes() == b'mine'
    assert run(classes, out, '--glove', glove, '--overwrite') == 0
