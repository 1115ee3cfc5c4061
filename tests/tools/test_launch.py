"""How the scripts start processes, with a `python` and an `srun` that only tell."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TELL = '#!/bin/sh\n[ "$1" = -c ] && echo 29500 || { echo "$PYTHONPATH"; echo "$@"; }\n'
SCRIPTS = {
    'dist_train.sh': ['my config.py', '2'],
    'dist_test.sh': ['my config.py', 'x.pth', '2'],
    'slurm_train.sh': ['partition', 'job', 'my config.py', 'my run'],
}


@pytest.fixture
def programs(tmp_path):
    """Return a folder with the two programs."""
    folder = tmp_path / 'bin'
    folder.mkdir()
    for name in ('python', 'srun'):
        (folder / name).write_text(TELL)
        (folder / name).chmod(0o755)
    return folder


def run(script, *words, **extra):
    env = {**os.environ, **extra}
    command = ['bash', f'tools/{script}', *words]
    return subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True)


@pytest.mark.parametrize('script', SCRIPTS)
def test_they_find_their_folder_whatever_the_shell_looks_through(
    script, programs, tmp_path
):
    """With CDPATH, `cd tools` prints where it went, and may go elsewhere."""
    (tmp_path / 'tools').mkdir()
    path = f'{programs}:{os.environ["PATH"]}'
    done = run(script, *SCRIPTS[script], PATH=path, CDPATH=str(tmp_path))
    assert done.returncode == 0, done.stderr
    places, words = done.stdout.splitlines()
    name = 'test.py' if 'test' in script else 'train.py'
    assert os.path.samefile(places.partition(':')[0], ROOT)
    assert f'{ROOT}/tools/{name} my config.py' in words


def test_a_missing_python_is_said(tmp_path):
    for name in ('bash', 'dirname'):
        (tmp_path / name).symlink_to(f'/usr/bin/{name}')
    done = run('dist_train.sh', 'config.py', '2', PATH=str(tmp_path))
    assert done.returncode == 2
    assert done.stderr.startswith('error: there is no python on the PATH; activate')


def test_several_machines_need_an_address(programs):
    words, path = SCRIPTS['dist_train.sh'], f'{programs}:{os.environ["PATH"]}'
    several = dict(PATH=path, NNODES='2', NODE_RANK='1')
    done = run('dist_train.sh', *words, **several, MASTER_ADDR='')
    assert done.returncode == 2
    assert 'NNODES=2 machines need MASTER_ADDR' in done.stderr
    done = run('dist_train.sh', *words, **several, MASTER_ADDR='10.0.0.1')
    assert done.returncode == 0, done.stderr
    assert '--master_addr=10.0.0.1 --master_port=29500' in done.stdout


@pytest.mark.parametrize(
    ('asked', 'gpus', 'per_node'),
    [
        ({}, 8, 8),
        ({'GPUS': '4'}, 4, 4),
        ({'GPUS': '16'}, 16, 8),
        ({'GPUS': '4', 'GPUS_PER_NODE': '2'}, 4, 2),
    ],
)
def test_slurm_is_asked_for_no_more_of_a_machine_than_all(
    asked, gpus, per_node, programs
):
    path = f'{programs}:{os.environ["PATH"]}'
    done = run('slurm_train.sh', *SCRIPTS['slurm_train.sh'], PATH=path, **asked)
    assert done.returncode == 0, done.stderr
    words = f'--gres=gpu:{per_node} --ntasks={gpus} --ntasks-per-node={per_node} '
    assert words in done.stdout
