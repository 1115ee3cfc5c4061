import os

import pytest
from mmengine.config import Config

from mvlr_mm.apis.work_dir import (
    find_checkpoint,
    find_config,
    find_last_checkpoint,
    find_run,
)


def touch(path, seconds):
    path.touch()
    os.utime(path, (seconds, seconds))


def test_the_best_checkpoint_comes_before_the_last(tmp_path):
    assert find_checkpoint(tmp_path) is None
    touch(tmp_path / 'epoch_9.pth', 90)
    touch(tmp_path / 'epoch_10.pth', 100)
    assert find_checkpoint(tmp_path).name == 'epoch_10.pth'
    (tmp_path / 'last_checkpoint').write_text('/moved/away/epoch_9.pth')
    assert find_checkpoint(tmp_path).name == 'epoch_9.pth'
    (tmp_path / 'last_checkpoint').write_text('/deleted/epoch_8.pth')
    assert find_checkpoint(tmp_path).name == 'epoch_10.pth'
    touch(tmp_path / 'best_mAP_epoch_3.pth', 30)
    touch(tmp_path / 'best_mAP_epoch_5.pth', 50)
    assert find_checkpoint(tmp_path).name == 'best_mAP_epoch_5.pth'


def test_of_checkpoints_as_new_the_tenth_comes_after_the_ninth(tmp_path):
    for i in (10, 2, 9):
        touch(tmp_path / f'epoch_{i}.pth', 100)
    assert find_checkpoint(tmp_path).name == 'epoch_10.pth'
    for i in (9, 10):
        touch(tmp_path / f'best_mAP_epoch_{i}.pth', 100)
    assert find_checkpoint(tmp_path).name == 'best_mAP_epoch_10.pth'


def test_a_run_goes_on_from_its_last_checkpoint_not_its_best(tmp_path):
    assert find_last_checkpoint(tmp_path) is None
    touch(tmp_path / 'best_mAP_epoch_1.pth', 10)
    assert find_last_checkpoint(tmp_path) is None
    touch(tmp_path / 'epoch_2.pth', 20)
    (tmp_path / 'last_checkpoint').write_text('work_dirs/elsewhere/epoch_2.pth')
    assert find_last_checkpoint(tmp_path) == tmp_path / 'epoch_2.pth'
    (tmp_path / 'last_checkpoint').write_text('')  # cut off by a kill
    assert find_last_checkpoint(tmp_path) == tmp_path / 'epoch_2.pth'


def test_a_project_leads_to_its_last_run(tmp_path):
    for name, seconds in (('a', 20), ('b', 10)):
        (tmp_path / 'work_dirs' / name).mkdir(parents=True)
        touch(tmp_path / f'work_dirs/{name}/epoch_1.pth', seconds)
        (tmp_path / f'work_dirs/{name}/{name}.py').write_text('model = None')
    (tmp_path / 'work_dirs/failed').mkdir()
    touch(tmp_path / 'project.py', 99)
    config, checkpoint = find_run(tmp_path)
    assert config == tmp_path / 'work_dirs/a/a.py'
    assert checkpoint == tmp_path / 'work_dirs/a/epoch_1.pth'


def test_a_runner_without_a_config_leaves_none_to_load(tmp_path):
    trained = tmp_path / 'trained.py'
    trained.write_text('model = dict()')
    os.utime(trained, (1, 1))
    Config().dump(tmp_path / '20260101_000000.py')
    assert find_config(tmp_path) == trained
    trained.unlink()
    with pytest.raises(FileNotFoundError, match=r'no config \(.py\)'):
        find_config(tmp_path)


def test_what_other_programs_hide_beside_a_config_is_none(tmp_path):
    config = tmp_path / 'config.py'
    config.write_text('model = dict()')
    os.utime(config, (1, 1))
    (tmp_path / '._config.py').write_bytes(b'\0\5\x16\7')  # macOS
    (tmp_path / '.#config.py').symlink_to('someone@here.1234')  # Emacs, while it edits
    assert find_config(tmp_path) == config


def test_folders_without_a_run_say_what_they_lack(tmp_path):
    with pytest.raises(FileNotFoundError, match='no such folder'):
        find_run(tmp_path / 'gone')
    with pytest.raises(FileNotFoundError, match='has no checkpoint'):
        find_run(tmp_path)
    touch(tmp_path / 'epoch_1.pth', 1)
    with pytest.raises(FileNotFoundError, match=r'no config \(.py\)'):
        find_run(tmp_path)
