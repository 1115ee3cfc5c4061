from types import SimpleNamespace

import pytest
from mmengine.hooks import CheckpointHook
from mmengine.logging import MessageHub

from mvlr_mm.engine.best_of_folder import keep_to_folder


def resumed(folder, found, out_dir=None, save_best='mAP'):
    """Return a runner that goes on in a folder."""
    hook = CheckpointHook(save_best=save_best, rule='greater', out_dir=out_dir)
    hub = MessageHub(f'{folder.parent.name}-{folder.name}-{out_dir}')
    hub.update_info_dict(found)
    return SimpleNamespace(hooks=[hook], message_hub=hub, work_dir=str(folder))


@pytest.mark.parametrize('there', [False, True])
def test_the_best_is_one_of_the_folder(tmp_path, there):
    (tmp_path / 'copy').mkdir()
    here = tmp_path / 'copy/best_mAP_epoch_3.pth'
    if there:
        here.touch()
    found = dict(best_ckpt=str(tmp_path / 'first' / here.name), best_score=70.0)
    runner = resumed(tmp_path / 'copy', found)
    keep_to_folder(runner)
    info = dict(runner.message_hub.runtime_info)
    assert info == (dict(best_ckpt=str(here), best_score=70.0) if there else {})


def test_a_best_of_this_folder_keeps_its_score_though_its_file_is_gone(tmp_path):
    """As after a kill between the next best one and the checkpoint that names it."""
    found = dict(best_ckpt=str(tmp_path / 'best_mAP_epoch_3.pth'), best_score=70.0)
    runner = resumed(tmp_path, found)
    keep_to_folder(runner)
    assert dict(runner.message_hub.runtime_info) == found


def test_each_of_several_numbers_has_its_own(tmp_path):
    (tmp_path / 'best_CF1_epoch_2.pth').touch()
    found = {
        'best_ckpt_mAP': '/elsewhere/best_mAP_epoch_1.pth',
        'best_score_mAP': 70.0,
        'best_ckpt_CF1': '/elsewhere/best_CF1_epoch_2.pth',
        'best_score_CF1': 60.0,
    }
    runner = resumed(tmp_path, found, save_best=['mAP', 'CF1'])
    keep_to_folder(runner)
    assert dict(runner.message_hub.runtime_info) == {
        'best_ckpt_CF1': str(tmp_path / 'best_CF1_epoch_2.pth'),
        'best_score_CF1': 60.0,
    }


def test_a_folder_that_the_hook_names_counts(tmp_path):
    best = tmp_path / 'weights/run/best_mAP_epoch_3.pth'
    best.parent.mkdir(parents=True)
    best.touch()
    found = dict(best_ckpt=str(best), best_score=70.0)
    runner = resumed(tmp_path / 'run', found, out_dir=str(tmp_path / 'weights'))
    keep_to_folder(runner)
    assert dict(runner.message_hub.runtime_info) == found


def test_runs_without_a_best_stay_as_they_are(tmp_path):
    runner = resumed(tmp_path, dict(iter=5), save_best=None)
    keep_to_folder(runner)
    assert dict(runner.message_hub.runtime_info) == dict(iter=5)
