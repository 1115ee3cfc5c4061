import fcntl
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from mvlr_mm.cli import processes
from mvlr_mm.engine import load_weights
from mvlr_stack.command import main

ROOT = Path(__file__).parents[2]


def final_weights(work_dir):
    path = work_dir / 'epoch_2.pth'
    return load_weights(path)['state_dict']


FROZEN = "custom_hooks = [dict(type='FreezeModules', names=['backbone'])]"


@pytest.mark.skipif(torch.cuda.is_available(), reason='the way without a GPU')
@pytest.mark.parametrize('more', ['', FROZEN], ids=['all trains', 'backbone frozen'])
def test_two_processes_share_the_batch_of_one(config, dist_env, more):
    config.write_text(f'{config.read_text()}\n{more}\n')
    two, one = config.parent / 'two', config.parent / 'one'
    words = [str(ROOT / 'tools/dist_train.sh'), str(config), '2']
    # a wrapper that waits for gradients which never come fails in the second step
    twice = ['--cfg-options', 'train_cfg.max_epochs=2']
    done = subprocess.run(
        [*words, '--work-dir', str(two), *twice],
        env=dist_env,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr

    assert 'takes 4 pictures: 2 processes x 2 pictures.' in done.stdout + done.stderr

    main(['train', str(config), '--work-dir', str(one), *twice])
    expected = final_weights(one)
    for name, value in final_weights(two).items():
        torch.testing.assert_close(value, expected[name], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ('script', 'usage'),
    [
        ('dist_train.sh', 'CONFIG GPUS'),
        ('dist_test.sh', 'CONFIG CHECKPOINT GPUS'),
        ('launch.sh', 'PROCESSES FILE'),
        ('slurm_train.sh', 'PARTITION JOB_NAME CONFIG WORK_DIR'),
    ],
)
def test_scripts_say_what_they_take(script, usage):
    command = ['bash', str(ROOT / 'tools' / script)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert usage in done.stderr


def launch(dist_env, count, **changes):
    """Run ``launch.sh`` on a program that tells its port."""
    program = Path(__file__).with_name('tell_port.py')
    command = ['bash', str(ROOT / 'tools/launch.sh'), str(count), str(program)]
    env = {name: value for name, value in dist_env.items() if name != 'PORT'} | changes
    return subprocess.run(command, env=env, capture_output=True, text=True)


def test_a_free_port_is_found_and_a_taken_one_refused(dist_env):
    with socket.socket() as taken:
        taken.bind(('', 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = launch(dist_env, 1, PORT=port)
        assert done.returncode == 2
        assert f'error: PORT={port} is no free port' in done.stderr
    found = launch(dist_env, 1)
    assert found.returncode == 0, found.stderr
    assert int(found.stdout.split()[-1]) > 0


def test_yapf_is_imported_by_one_process_at_a_time(monkeypatch):
    seen = []

    def import_module(name):
        with open(processes.__file__) as other, pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        seen.append(name)

    monkeypatch.setattr(processes.importlib, 'import_module', import_module)
    processes.import_yapf_alone()
    assert seen == ['yapf']
    with open(processes.__file__) as other:  # free again
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


HOLD = """
import fcntl, sys
with open(sys.argv[1], 'w') as lock:
    fcntl.lockf(lock, fcntl.LOCK_EX)
    print('held', flush=True)
    sys.stdin.read()
"""


def test_two_trainings_do_not_share_a_work_folder(config, tmp_path, capsys):
    """Each would replace checkpoints of the other one."""
    work_dir = tmp_path / 'shared'
    work_dir.mkdir()
    words = [sys.executable, '-c', HOLD, str(work_dir / '.lock')]
    pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    train = ['train', str(config), '--work-dir', str(work_dir), '--no-validate']
    with subprocess.Popen(words, **pipes) as other:
        assert other.stdout.readline() == 'held\n'
        with pytest.raises(SystemExit, match='2'):
            main(train)
        other.stdin.close()
    assert f'{work_dir}: another training is at work there' in capsys.readouterr().err
    assert not list(work_dir.glob('*.p*'))
    assert main(train) == 0
    assert (work_dir / 'epoch_1.pth').is_file()
