import pytest

from mvlr_stack import command, doctor
from mvlr_stack.words import WORDS


def test_help_lists_every_word(capsys):
    with pytest.raises(SystemExit, match='0'):
        command.main(['--help'])
    out = capsys.readouterr().out
    assert all(f'\n    {word}' in out for word in WORDS)


@pytest.mark.parametrize('words', [[], ['trian', 'x.py']])
def test_unknown_word_shows_the_list_and_fails(words, capsys):
    with pytest.raises(SystemExit, match='2'):
        command.main(words)
    assert 'usage: mvlr ' in capsys.readouterr().err


@pytest.mark.parametrize('word', WORDS)
def test_every_word_has_a_program(word, capsys):
    with pytest.raises(SystemExit, match='0'):
        command.main([word, '--help'])
    assert f'usage: mvlr {word} ' in capsys.readouterr().out
    program = command.importlib.import_module(WORDS[word].PROGRAM)
    assert callable(program.run)


def test_a_program_gets_its_own_arguments(monkeypatch):
    seen = []
    monkeypatch.setattr(doctor, 'run', lambda args: seen.append(args.word) or 1)
    assert command.main(['doctor']) == 1
    assert seen == ['doctor']
