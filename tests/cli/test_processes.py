import fcntl
import subprocess
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
def test_two_processes_equal_one_on_the_joined_batch(config, dist_env, more):
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

    joined = [*twice, 'train_dataloader.batch_size=8']
    main(['train', str(config), '--work-dir', str(one), *joined])
    expected = final_weights(one)
    for name, value in final_weights(two).items():
        torch.testing.assert_close(value, expected[name], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ('script', 'usage'),
    [
        ('dist_train.sh', 'CONFIG GPUS'),
        ('dist_test.sh', 'CONFIG CHECKPOINT GPUS'),
        ('slurm_train.sh', 'PARTITION JOB_NAME CONFIG WORK_DIR'),
    ],
)
def test_scripts_say_what_they_take(script, usage):
    command = ['bash', str(ROOT / 'tools' / script)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert usage in done.stderr


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
