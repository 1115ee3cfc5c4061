import fcntl
import subprocess
from pathlib import Path

import pytest
import torch

from mvlr_mm.cli import runtime, train
from mvlr_mm.cli.runtime import check_checkpoint, plain_errors
from mvlr_mm.engine import load_weights

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
    train.main([str(config), '--work-dir', str(one), *joined])
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


def test_an_address_is_left_to_mmengine():
    check_checkpoint('--resume', 'https://example.org/model.pth')


def test_plain_errors_says_the_error_and_its_place(capsys):
    with pytest.raises(SystemExit, match='2'), plain_errors():
        raise ValueError('num_tokens (0) must be positive.')
    first, second = capsys.readouterr().err.splitlines()
    assert first == 'error: num_tokens (0) must be positive.'
    assert f'{__file__}, line' in second


def test_plain_errors_leaves_other_errors_alone():
    with pytest.raises(KeyError), plain_errors():
        raise KeyError('a bug')


def test_plain_errors_keeps_the_way_to_an_error_in_a_batch():
    def run_iter():
        raise ValueError('shapes differ')

    with pytest.raises(ValueError, match='shapes differ'), plain_errors():
        run_iter()


def test_yapf_is_imported_by_one_process_at_a_time(monkeypatch):
    seen = []

    def import_module(name):
        with open(runtime.__file__) as other, pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        seen.append(name)

    monkeypatch.setattr(runtime.importlib, 'import_module', import_module)
    runtime.import_yapf_alone()
    assert seen == ['yapf']
    with open(runtime.__file__) as other:  # free again
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
