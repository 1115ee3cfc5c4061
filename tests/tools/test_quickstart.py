"""The order of the quickstart's steps, with a `python` that only notes its calls."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Notes the call and leaves what is read later; a training fails if asked to.
# `-m mvlr_stack.threads COMMAND` runs the command, as it does.
PYTHON = r"""#!/usr/bin/env bash
if [[ $1 == -m ]]; then
    [[ $2 == mvlr_stack.threads ]] || exit 4
    shift 2
    exec "$@"
fi
echo "$*" >> "$CALLS"
echo "this is $1"
case $1 in
*/draw_scenes.py) mkdir -p "$2" && echo "${SCENES:-}" > "$2/scenes.json" ;;
*/train_clip.py) mkdir -p "$3" && echo "${CLIP:-}" > "$3/recipe.json" ;;
*/train.py) [[ $2 != *"${FAIL:-nothing}"* ]] || exit 3 ;;
esac
"""


@pytest.fixture
def quickstart(tmp_path):
    """Run the script; return its status, the calls of `python` and its output."""
    tools, bin_folder = tmp_path / 'repo' / 'tools', tmp_path / 'bin'
    tools.mkdir(parents=True)
    bin_folder.mkdir()
    shutil.copy(ROOT / 'tools/quickstart.sh', tools)
    configs = tmp_path / 'repo/configs/mvlr'
    configs.mkdir(parents=True)
    for name in ('mvlr', 'baseline'):
        (configs / f'{name}_tiny_scenes.py').write_text(name)
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
        return done.returncode, calls.read_text().splitlines(), done.stdout

    return run


def _scripts(calls):
    return [call.split()[0].removeprefix('tools/') for call in calls]


BEFORE = ['environment', 'scenes/draw_scenes.py', 'scenes/train_clip.py']


def test_all_steps_in_order_with_files_that_exist(quickstart):
    status, calls, _ = quickstart()
    assert status == 0
    assert _scripts(calls) == [*BEFORE, 'train.py', 'train.py', 'scenes/report.py']
    for call in calls[1:]:
        for word in call.split():
            if word.startswith(('tools/', 'configs/')):
                assert (ROOT / word).is_file()
    mvlr, _, work_dir = calls[3].split()[1:4]
    assert mvlr == 'configs/mvlr/mvlr_tiny_scenes.py'
    assert work_dir == 'work_dirs/quickstart/MVLR'
    assert f'MVLR {mvlr} {work_dir}' in calls[-1]


def test_each_step_says_its_share_and_the_log_says_what_the_screen_does(
    quickstart, tmp_path
):
    _, _, output = quickstart()
    log = tmp_path / 'repo/work_dirs/quickstart/quickstart.log'
    assert log.read_text() == output
    assert 'this is tools/scenes/train_clip.py' in output
    steps = [line for line in output.splitlines() if line.startswith('==> ')]
    shares = [int(line.rpartition('(')[2].split(' %')[0]) for line in steps]
    assert shares == sorted(set(shares))
    assert (shares[0], shares[-1]) == (0, 100)
    assert [' left)' in line for line in steps] == [False, *[True] * 4, False]
    quickstart()
    assert log.read_text().startswith(output)  # a second run adds to it


def test_a_second_run_trains_nothing_again(quickstart):
    quickstart()
    status, calls, _ = quickstart()
    assert status == 0
    assert _scripts(calls) == [*BEFORE, 'scenes/report.py']


@pytest.mark.parametrize('changed', ['SCENES', 'CLIP'])
def test_a_training_of_other_scenes_or_another_clip_begins_anew(
    quickstart, tmp_path, changed
):
    quickstart()
    old = tmp_path / 'repo/work_dirs/quickstart/MVLR/epoch_1.pth'
    old.touch()
    status, calls, output = quickstart(**{changed: 'other'})
    assert status == 0
    assert _scripts(calls) == [*BEFORE, 'train.py', 'train.py', 'scenes/report.py']
    assert output.count('begins anew') == 2
    assert not old.exists()


def test_only_the_model_of_a_changed_config_begins_anew(quickstart, tmp_path):
    quickstart()
    config = tmp_path / 'repo/configs/mvlr/baseline_tiny_scenes.py'
    config.write_text('another')
    _, calls, _ = quickstart()
    assert _scripts(calls) == [*BEFORE, 'train.py', 'scenes/report.py']
    assert 'baseline' in calls[3]


def test_a_failure_stops_and_the_next_run_goes_on_from_there(quickstart):
    status, calls, _ = quickstart(FAIL='baseline')
    assert status == 3
    assert _scripts(calls) == [*BEFORE, 'train.py', 'train.py']
    status, calls, _ = quickstart()
    assert status == 0
    assert _scripts(calls) == [*BEFORE, 'train.py', 'scenes/report.py']
    assert '--resume' in calls[3]
