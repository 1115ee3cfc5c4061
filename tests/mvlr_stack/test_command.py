import importlib
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mvlr_stack import command, doctor
from mvlr_stack.words import WORDS

ROOT = Path(__file__).parents[2]
# Only Python's own library, and what lies in the checkout.
ALONE = [sys.executable, '-I', '-S', '-c']
RUN = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from mvlr_stack.command import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize('words', [['--help'], *([word, '--help'] for word in WORDS)])
def test_help_needs_nothing_but_python_and_comes_at_once(words):
    start = time.perf_counter()
    done = subprocess.run([*ALONE, RUN, *words], capture_output=True, text=True)
    assert time.perf_counter() - start < 5  # 0.1 where nothing else runs
    assert (done.returncode, done.stderr) == (0, '')
    assert f'usage: mvlr {words[0] if words[1:] else "[-h]"} ' in done.stdout


def test_the_doctor_needs_nothing_but_python(monkeypatch):
    monkeypatch.setenv('OMP_NUM_THREADS', '1')  # else a busy machine is told
    done = subprocess.run([*ALONE, RUN, 'doctor'], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, '')
    assert 'Problem 1: torch is not installed.\n  Mend it: pip install' in done.stdout


def test_help_lists_every_word(capsys):
    with pytest.raises(SystemExit, match='0'):
        command.main(['--help'])
    out = capsys.readouterr().out
    assert all(f'\n    {word}' in out for word in WORDS)


@pytest.mark.parametrize('word', WORDS)
def test_every_word_has_a_program_and_help_for_all_it_takes(word, capsys):
    with pytest.raises(SystemExit, match='0'):
        command.main([word, '--help'])
    out = capsys.readouterr().out
    assert f'usage: mvlr {word} ' in out
    assert 'examples:\n  mvlr ' in out
    assert callable(importlib.import_module(WORDS[word].PROGRAM).run)
    parser = command.argparse.ArgumentParser()
    WORDS[word].add_arguments(parser)
    assert all(action.help for action in parser._actions)


@pytest.mark.parametrize('word', WORDS)
def test_every_example_can_be_parsed(word, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'config.py').touch()  # a project's, for those that name none
    for example in WORDS[word].EXAMPLES:
        words = shlex.split(example, comments=True)
        assert command.parse(words[1:]).word == word


def test_defaults_are_said(capsys):
    with pytest.raises(SystemExit):
        command.main(['browse', '--help'])
    out = capsys.readouterr().out
    assert '(default: 24)' in out
    assert '(default: 0)' in out
    assert 'default: None' not in out
    assert 'default: False' not in out


def test_the_version_is_that_of_the_package(capsys):
    from mvlr_mm import __version__

    with pytest.raises(SystemExit, match='0'):
        command.main(['--version'])
    assert capsys.readouterr().out == f'mvlr {__version__}\n'


def test_what_a_program_imports_is_left_out_of_garbage_collection(monkeypatch):
    calls = []
    monkeypatch.setattr(command, 'freeze_imports', lambda: calls.append('freeze'))
    monkeypatch.setattr(doctor, 'run', lambda args: calls.append('run') or 0)
    monkeypatch.setattr(
        command.importlib, 'import_module', lambda _: calls.append('import') or doctor
    )
    assert command.main(['doctor']) == 0
    assert calls == ['import', 'freeze', 'run']


def test_an_unknown_word_is_named_with_the_known_ones(capsys):
    with pytest.raises(SystemExit, match='2'):
        command.main(['trian', 'x.py'])
    err = capsys.readouterr().err
    assert "there is no command 'trian'; nearest: train, tag. There are: " in err
    assert all(word in err for word in WORDS)


def test_without_a_word_the_usage_is_said(capsys):
    with pytest.raises(SystemExit, match='2'):
        command.main([])
    assert 'usage: mvlr ' in capsys.readouterr().err


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (
            'browse c.py --number 0',
            "--number: '0' must be a whole number of at least 1",
        ),
        ('browse c.py --number -1', "--number: '-1' must be a whole number"),
        ('verify c.py --workers 0', "--workers: '0' must be a whole number"),
        ('eval x.npz --topk -1', "--topk: '-1' must be a whole number of at least 0"),
        ('eval x.npz --resamples 1.5', "--resamples: '1.5' must be a whole number"),
        ('test c.py x.pth --interval 0', "--interval: '0' must be a whole number"),
        ('train c.py --cfg-options foo', "argument --cfg-options: 'foo' must be KEY="),
    ],
)
def test_a_wrong_value_is_said_before_anything_is_imported(words, message, capsys):
    with pytest.raises(SystemExit, match='2'):
        command.parse(words.split())
    assert message in capsys.readouterr().err


@pytest.mark.parametrize('words', [['--out=~/p q'], ['--out', '~/p q']])
def test_a_path_at_home_is_there_however_it_is_given(words, monkeypatch, tmp_path):
    monkeypatch.setenv('HOME', str(tmp_path))
    monkeypatch.chdir(tmp_path)
    args = command.parse(['pack', '~/work', '--licence=~', *words])
    assert (args.source, args.out) == (f'{tmp_path}/work', f'{tmp_path}/p q')
    assert args.licence == '~'
    (tmp_path / 'p q').mkdir()
    (tmp_path / 'p q/a').touch()
    with pytest.raises(SystemExit, match='2'):  # it is looked at where it is written
        command.parse(['pack', '~/work', *words])


def test_a_program_gets_its_own_arguments(monkeypatch):
    seen = []
    monkeypatch.setattr(doctor, 'run', lambda args: seen.append(args.word) or 1)
    assert command.main(['doctor']) == 1
    assert seen == ['doctor']
