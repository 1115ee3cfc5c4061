"""What an earlier training has left in the work folder of one that replaces it."""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mvlr_mm.apis.work_dir import NAMES, THRESHOLDS

# the first of them says that nothing refuses a training, and that the model works
BEHIND_A_STEP = ('after_train_iter', 'after_train_epoch')
# as mmengine calls checkpoints; others may be anyone's
_ITS_CHECKPOINTS = ('epoch_*.pth', 'iter_*.pth', 'best_*.pth')
_WRITTEN = re.compile(r'^\s*(#|_base_\b)', re.MULTILINE)  # what no dump has
_OF_ITS_WEIGHTS = ('last_checkpoint', THRESHOLDS, NAMES)
_KINDS = ('.pth', Path(THRESHOLDS).suffix, Path(NAMES).suffix)


def goes_on(cfg: Config) -> bool:
    """Say whether a training goes on from a checkpoint of its own work folder.

    Args:
        cfg: With the work folder, and what to resume.
    """
    start = cfg.get('load_from')
    folder = Path(cfg.work_dir).resolve()
    return bool(cfg.get('resume')) and (
        not start or Path(start).resolve().parent == folder
    )


def checkpoints(folder: str | Path) -> list[Path]:
    """Return the checkpoints in a folder.

    Args:
        folder: Of a training; it need not exist.
    """
    # what begins with a dot is the draft of one, of which a kill came before the rest
    return sorted(Path(folder).glob('[!.]*.pth'))


def check_config_place(cfg: Config) -> None:
    """Refuse a work folder where a config lies that somebody has written.

    The runner writes the whole config there, under the same name.

    Args:
        cfg: With the work folder.

    Raises:
        FileExistsError: There is one.
    """
    place = Path(cfg.work_dir) / Path(cfg.filename or '').name
    if place.is_file() and _WRITTEN.search(place.read_text(encoding='utf-8')):
        raise FileExistsError(
            f'the work folder {cfg.work_dir} holds {place.name}, which this training '
            'would replace by its whole config; name another --work-dir.'
        )


class RemoveReplaced(Hook):
    """Remove another training's checkpoints, once this one has made a step.

    Otherwise its best one would be tested and tagged with where this training keeps no
    best, and ``--resume`` would go on with it where this one was stopped early. What
    was measured of it, thresholds and the scale of new names, goes with it.

    Args:
        cfg: Of this training. What it names stays, such as the weights it starts from.
    """

    priority = 'VERY_HIGH'  # before this training saves anything

    def __init__(self, cfg: Config) -> None:
        self._kept, self._done = set(_files_named(cfg.to_dict())), False

    def after_train_iter(self, runner: Runner, *_: Any, **__: Any) -> None:
        """Remove them."""
        if self._done or not is_main_process():
            return
        self._done, folder = True, Path(runner.work_dir)
        found = [path for name in _ITS_CHECKPOINTS for path in folder.glob(name)]
        found += [folder / name for name in _OF_ITS_WEIGHTS]
        for path in found:
            if os.path.realpath(path) not in self._kept:
                path.unlink(missing_ok=True)

    after_train_epoch = after_train_iter  # of a loop without steps


def _files_named(node: Any) -> Iterator[str]:
    """Yield where the files are, of those kinds, that a config names anywhere."""
    if isinstance(node, Mapping):
        node = list(node.values())
    if isinstance(node, (list, tuple)):
        for part in node:
            yield from _files_named(part)
    elif isinstance(node, str) and node.endswith(_KINDS):
        yield os.path.realpath(os.path.expanduser(node))
