import pytest

from mvlr_stack import command


def test_help_lists_every_word(capsys):
    assert command.main(['--help']) == 0
    out = capsys.readouterr().out
    assert all(f'  {word} ' in out for word in command.COMMANDS)


@pytest.mark.parametrize('words', [[], ['trian', 'x.py']])
def test_unknown_word_shows_the_list_and_fails(words, capsys):
    assert command.main(words) == 2
    assert 'usage: mvlr COMMAND' in capsys.readouterr().err


@pytest.mark.parametrize('word', command.COMMANDS)
def test_every_word_has_a_program(word, capsys):
    with pytest.raises(SystemExit) as stop:
        command.main([word, '--help'])
    assert stop.value.code == 0
    assert 'usage:' in capsys.readouterr().out
