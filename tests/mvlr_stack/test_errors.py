import io
import signal
import subprocess
import sys
from pathlib import Path
from pickle import UnpicklingError

import pytest

from mvlr_stack.errors import plain_errors

ROOT = Path(__file__).parents[2]
PROGRAM = f"""
import sys, time
sys.path.insert(0, {str(ROOT)!r})
from mvlr_stack.errors import plain_errors
with plain_errors():
    print('begin', flush=True)
    {{}}
"""


def start(statement, **kwargs):
    command = [sys.executable, '-I', '-S', '-c', PROGRAM.format(statement)]
    pipes = dict(stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return subprocess.Popen(command, **pipes, **kwargs)


def test_letters_that_a_terminal_lacks_are_escapes(monkeypatch):
    terminal = io.TextIOWrapper(io.BytesIO(), 'ascii')
    monkeypatch.setattr(sys, 'stdout', terminal)
    with plain_errors():
        print('Bär 猫')
    assert terminal.buffer.getvalue() == b'B\\xe4r \\u732b\n'


@pytest.mark.parametrize(
    'error',
    [
        ValueError('num_tokens (0) must be positive.'),
        FileNotFoundError('gone.pth: no such file.'),
        ImportError('mvlr_mm cannot start: torch is not installed.'),
        UnpicklingError('weights.pth is no checkpoint.'),
    ],
)
def test_the_error_and_its_place_are_said(error, capsys):
    with pytest.raises(SystemExit, match='2'), plain_errors():
        raise error
    first, second = capsys.readouterr().err.splitlines()
    assert first == f'error: {error}'
    assert f'{__file__}, line' in second


@pytest.mark.parametrize(
    'error',
    [
        KeyError('a bug'),
        TypeError("f() got an unexpected keyword argument 'x'"),
        AssertionError(),
        RuntimeError('CUDA'),
    ],
)
def test_a_mistake_in_the_code_keeps_its_traceback(error):
    with pytest.raises(type(error)), plain_errors():
        raise error


def test_the_way_to_an_error_in_a_batch_is_kept():
    def run_iter():
        raise ValueError('shapes differ')

    with pytest.raises(ValueError, match='shapes differ'), plain_errors():
        run_iter()


def test_an_error_of_a_loader_is_said_without_its_traceback(capsys):
    text = (
        'Caught ValueError in DataLoader worker process 0.\nOriginal Traceback (most '
        'recent call last):\n  File "x.py", line 1, in get\nValueError: a.jpg is cut.\n'
    )
    with pytest.raises(SystemExit, match='2'), plain_errors():
        raise ValueError(text)
    assert capsys.readouterr().err.startswith('error: a.jpg is cut.\n')


def test_an_error_of_a_loader_without_words_is_said_by_its_kind(capsys):
    text = (
        'Caught ValueError in DataLoader worker process 0.\nOriginal Traceback (most '
        'recent call last):\n  File "x.py", line 1, in get\nValueError\n'
    )
    with pytest.raises(SystemExit, match='2'), plain_errors():
        raise ValueError(text)
    assert capsys.readouterr().err.startswith('error: ValueError\n')


def test_an_error_of_a_loader_keeps_all_its_lines(capsys):
    text = (
        'Caught FileNotFoundError in DataLoader worker process 0.\nOriginal Traceback '
        '(most recent call last):\n  File "x.py", line 1, in get\nFileNotFoundError: '
        'new\nline.jpg: no such file.\n'
    )
    with pytest.raises(SystemExit, match='2'), plain_errors():
        raise FileNotFoundError(text)
    assert capsys.readouterr().err.startswith('error: new\nline.jpg: no such file.\n')


def test_an_interruption_is_no_traceback():
    def heed_interruptions():  # which a shell's background jobs do not
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    program = start('time.sleep(60)', preexec_fn=heed_interruptions)
    assert program.stdout.readline() == 'begin\n'
    program.send_signal(signal.SIGINT)
    _, err = program.communicate()
    assert (program.returncode, err) == (130, '\nstopped.\n')


DRAFT = """
    from mvlr_stack.errors import ended_on_request
    from mvlr_stack.outputs import whole_file
    with ended_on_request(), whole_file({path!r}) as draft:
        draft.touch()
        print('drawn', flush=True)
        time.sleep(60)
"""


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGHUP])
def test_a_command_that_is_asked_to_end_leaves_no_draft(number, tmp_path):
    program = start(
        DRAFT.strip().format(path=str(tmp_path / 'f')),
        # whoever runs the tests may have ignored it, as nohup does
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),
    )
    assert [program.stdout.readline() for _ in range(2)] == ['begin\n', 'drawn\n']
    assert len(list(tmp_path.iterdir())) == 1
    program.send_signal(number)
    _, err = program.communicate()
    assert (program.returncode, err) == (128 + number, '')
    assert not list(tmp_path.iterdir())


def test_a_request_that_nohup_ignores_is_no_end():
    program = start(
        'exec("from mvlr_stack.errors import ended_on_request\\n'
        'with ended_on_request(): import os, signal; '
        'os.kill(os.getpid(), signal.SIGHUP)")',
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    )
    assert program.communicate() == ('begin\n', '')
    assert program.returncode == 0


@pytest.mark.parametrize(
    'statement', ['[print("x" * 999) for _ in range(999)]', 'print("x")', 'sys.exit(0)']
)
def test_a_reader_that_has_gone_is_no_error(statement):
    program = start(f'time.sleep(0.3); print("x"); {statement}')
    assert program.stdout.readline() == 'begin\n'
    program.stdout.close()
    assert program.stderr.read() == ''
    assert program.wait() == 141


@pytest.mark.parametrize(('closed', 'other'), [('>&-', 'err'), ('2>&-', 'out')])
def test_an_output_that_is_closed_is_no_error(closed, other):
    code = """
import sys
from mvlr_stack.errors import plain_errors
with plain_errors():
    print('out')
    print('err', file=sys.stderr)
raise SystemExit(7)
"""
    shell = ['sh', '-c', f'exec "$0" -c "$1" {closed}', sys.executable, code]
    done = subprocess.run(shell, capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (7, f'{other}\n')


def test_another_broken_pipe_is_an_error(capsys):
    with pytest.raises(SystemExit, match='2'), plain_errors():
        raise BrokenPipeError('a loader has gone')
    assert 'error: a loader has gone' in capsys.readouterr().err
