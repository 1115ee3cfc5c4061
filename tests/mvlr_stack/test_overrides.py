import argparse

import pytest

from mvlr_stack.overrides import Word, add_overrides


@pytest.fixture
def parser():
    made = argparse.ArgumentParser()
    add_overrides(made)
    return made


def test_words_are_kept_as_they_are(parser):
    argv = ['--cfg-options', 'a.b=An aerial picture of {}, today', 'c==x', 'd=']
    found = parser.parse_args([*argv, '--cfg-options', 'c.0= 1']).cfg_options
    expected = {
        'a.b': 'An aerial picture of {}, today',
        'c': '=x',
        'd': '',
        'c.0': ' 1',
    }
    assert found == expected
    assert all(isinstance(word, Word) for word in found.values())


def test_without_the_argument_nothing_is_overridden(parser):
    assert parser.parse_args([]).cfg_options == {}
    parser.parse_args(['--cfg-options', 'a=1'])
    assert parser.parse_args([]).cfg_options == {}


@pytest.mark.parametrize('word', ['foo', '=1', 'a..b=1', '.a=1', 'a.=1', ' a=1'])
def test_another_word_is_refused(parser, word, capsys):
    with pytest.raises(SystemExit, match='2'):
        parser.parse_args(['--cfg-options', word])
    err = capsys.readouterr().err
    assert f'argument --cfg-options: {word!r} must be KEY=VALUE, such as' in err
