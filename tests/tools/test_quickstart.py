"""The order of the quickstart's steps, with a `python` that only notes its calls."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Notes the call and leaves what a training and a test leave.
PYTHON = r"""#!/usr/bin/env bash
echo "$*" >> "$CALLS"
case $1 in
*/train.py)
    [[ $2 != *"${FAIL:-nothing}"* ]] || exit 3
    mkdir -p "$4" && echo "$4/epoch_8.pth" > "$4/last_checkpoint" ;;
*/test.py) echo '{}' > "$7" ;;
esac
"""


@pytest.fixture
def quickstart(tmp_path):
    """Run the script; return its exit status and the calls of `python`."""
    tools, bin_folder = tmp_path / 'repo' / 'tools', tmp_path / 'bin'
    tools.mkdir(parents=True)
    bin_folder.mkdir()
    shutil.copy(ROOT / 'tools/quickstart.sh', tools)
    (tools / 'setup_env.sh').write_text('echo environment >> "$CALLS"\n')
    (bin_folder / 'python').write_text(PYTHON)
    (bin_folder / 'python').chmod(0o755)
    calls = tmp_path / 'calls'

    def run(**extra):
        calls.write_text('')
        path = f'{bin_folder}:{os.environ["PATH"]}'
        env = {**os.environ, 'PATH': path, 'CALLS': str(calls), **extra}
        script = str(tools / 'quickstart.sh')
        done = subprocess.run(['bash', script], env=env, capture_output=True, text=True)
        return done.returncode, calls.read_text().splitlines()

    return run


def _scripts(calls):
    return [call.split()[0].removeprefix('tools/') for call in calls]


BOTH = ['train.py', 'test.py']
BEFORE = ['environment', 'scenes/draw_scenes.py', 'scenes/train_clip.py']


def test_all_steps_in_order_with_files_that_exist(quickstart):
    status, calls = quickstart()
    assert status == 0
    assert _scripts(calls) == [*BEFORE, *BOTH, *BOTH, 'scenes/report.py']
    for call in calls[1:]:
        for word in call.split():
            if word.startswith(('tools/', 'configs/')):
                assert (ROOT / word).is_file()
    mvlr, checkpoint = calls[4].split()[1:3]
    assert mvlr == 'configs/mvlr/mvlr_tiny_scenes.py'
    assert checkpoint == 'work_dirs/quickstart/MVLR/epoch_8.pth'


def test_a_second_run_trains_nothing_again(quickstart):
    quickstart()
    status, calls = quickstart()
    assert status == 0
    assert _scripts(calls) == [*BEFORE, 'scenes/report.py']


def test_a_failure_stops_and_the_next_run_goes_on_from_there(quickstart):
    status, calls = quickstart(FAIL='baseline')
    assert status == 3
    assert _scripts(calls) == [*BEFORE, *BOTH, 'train.py']
    status, calls = quickstart()
    assert status == 0
    assert _scripts(calls) == [*BEFORE, *BOTH, 'scenes/report.py']
    assert '--resume' in calls[3]
