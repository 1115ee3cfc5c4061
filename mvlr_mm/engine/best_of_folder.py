"""The best checkpoint of a run is one of its own folder."""

import os.path as osp

from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner


def keep_to_folder(runner: Runner) -> None:
    """Let a resumed run take for its best only what lies in its own folder.

    mmengine goes on with the path and the score of the best checkpoint that the resumed
    one names, and removes that file once there is a better one. Where the run goes on
    in another folder, or in a copy of it, that is a file of another run. Here the file
    of that name in this folder is the best; without one, the run looks for its own.

    Args:
        runner: It has loaded the checkpoint, and its hooks have not begun yet.
    """
    hub = runner.message_hub
    for hook in runner.hooks:
        if not isinstance(hook, CheckpointHook) or not hook.save_best:
            continue
        names = hook.key_indicators
        for ending in [''] if len(names) == 1 else [f'_{name}' for name in names]:
            path, folder = hub.get_info(f'best_ckpt{ending}'), _folder(runner, hook)
            if not path or '://' in path or _same(osp.dirname(path), folder):
                continue
            here = osp.join(folder, osp.basename(path))
            if osp.isfile(here):
                hub.update_info(f'best_ckpt{ending}', here)
            else:
                hub.pop_info(f'best_ckpt{ending}')
                hub.pop_info(f'best_score{ending}')


def _folder(runner: Runner, hook: CheckpointHook) -> str:
    """Return where a hook will save, by mmengine's rule."""
    if hook.out_dir in (None, runner.work_dir):
        return runner.work_dir
    return osp.join(hook.out_dir, osp.basename(runner.work_dir.rstrip(osp.sep)))


def _same(folder: str, other: str) -> bool:
    return osp.realpath(folder) == osp.realpath(other)
