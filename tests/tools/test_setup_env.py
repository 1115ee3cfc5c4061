"""Where the environment comes from, with a `python` that only notes its calls."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# What the script reads of its surroundings: no test may reach a real environment.
READ = ('VIRTUAL_ENV', 'MVLR_VENV', 'MVLR_STACK', 'PYTHON')
# Notes the call, a word a line, and makes what `-m venv` makes: a python like itself.
PYTHON = r"""#!/usr/bin/env bash
{ printf '%s\n' "$0" "$@"; echo --; } >> "$CALLS"
case "$1 ${2:-}" in
"-c "*) exit "${FITS:-0}" ;;
"-m venv") mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
esac
"""


@pytest.fixture
def set_up(tmp_path):
    """Run the script from a checkout; return what was done and the calls of python."""
    checkout, interpreter = tmp_path / 'my checkout', tmp_path / 'my pythons/python3'
    (checkout / 'tools').mkdir(parents=True)
    interpreter.parent.mkdir()
    for name in ('tools/setup_env.sh', 'pyproject.toml', 'setup.py'):
        shutil.copy(ROOT / name, checkout / name)
    interpreter.write_text(PYTHON)
    interpreter.chmod(0o755)
    calls = tmp_path / 'calls'

    def run(**extra):
        calls.write_text('')
        known = {k: v for k, v in os.environ.items() if k not in READ}
        env = known | {'CALLS': str(calls), 'PYTHON': str(interpreter)} | extra
        command = ['bash', 'tools/setup_env.sh']
        done = subprocess.run(
            command, env=env, cwd=checkout, capture_output=True, text=True
        )
        words = [c.splitlines() for c in calls.read_text().split('--\n') if c]
        return done, words

    return run


def test_folders_and_the_interpreter_may_have_spaces_in_their_names(set_up, tmp_path):
    done, calls = set_up()
    assert done.returncode == 0, done.stderr
    checkout, interpreter = tmp_path / 'my checkout', tmp_path / 'my pythons/python3'
    assert [str(interpreter), '-m', 'venv', str(checkout / '.venv')] in calls
    (pip,) = (call for call in calls if call[1:4] == ['-m', 'pip', 'install'])
    assert pip[0] == str(checkout / '.venv/bin/python')
    assert pip[-2:] == ['-e', f'{checkout}[onedl,dev]']


def test_the_checkout_is_its_own_whatever_the_shell_looks_through(set_up, tmp_path):
    """With CDPATH, `cd tools/..` may go elsewhere, and prints where it went."""
    (tmp_path / 'elsewhere/tools').mkdir(parents=True)
    done, calls = set_up(CDPATH=str(tmp_path / 'elsewhere'))
    assert done.returncode == 0, done.stderr
    assert f'{tmp_path}/my checkout[onedl,dev]' in calls[-2]


def test_the_second_time_there_is_nothing_to_install(set_up, tmp_path):
    set_up(MVLR_VENV=str(tmp_path / 'my environment'))
    done, calls = set_up(MVLR_VENV=str(tmp_path / 'my environment'))
    assert 'Using the environment' in done.stdout
    assert not [call for call in calls if 'pip' in call]


@pytest.mark.parametrize('there_before', [True, False])
def test_an_environment_that_cannot_be_made_takes_no_files_along(
    set_up, tmp_path, there_before
):
    interpreter, home = tmp_path / 'my pythons/python3', tmp_path / 'home'
    made = '"-m venv") mkdir -p "$3/bin"; exit 1 ;;'
    lines = interpreter.read_text().splitlines()
    lines = [made if line.startswith('"-m venv"') else line for line in lines]
    interpreter.write_text('\n'.join(lines))
    if there_before:
        home.mkdir()
        (home / 'thesis.txt').write_text('all I have')
    done, _ = set_up(MVLR_VENV=str(home))
    assert done.returncode == 1
    assert 'cannot make a virtual environment' in done.stderr
    assert (home / 'thesis.txt').is_file() == home.exists() == there_before


def test_an_interpreter_that_does_not_fit_is_named(set_up):
    done, _ = set_up(FITS='1')
    assert done.returncode == 1
    assert 'my pythons/python3. Install one, or name it: PYTHON=' in done.stderr
