import pytest

from mvlr_stack.command import parse
from mvlr_stack.project import settle_config


def test_a_config_that_is_named_is_taken(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'config.py').touch()
    assert settle_config('my.py') == 'my.py'
    assert capsys.readouterr().err == ''


@pytest.mark.parametrize('word', ['train', 'test', 'verify', 'browse'])
def test_without_one_it_is_that_of_the_folder(tmp_path, monkeypatch, capsys, word):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match='2'):
        parse([word])
    assert f'this folder ({tmp_path}) has no config.py' in capsys.readouterr().err
    (tmp_path / 'config.py').touch()
    assert parse([word]).config == 'config.py'
    assert capsys.readouterr().err == 'config: config.py, of this folder\n'


def test_a_checkpoint_alone_is_no_config(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'config.py').touch()
    args = parse(['test', 'epoch_3.pth'])
    assert (args.config, args.checkpoint) == ('config.py', 'epoch_3.pth')
