"""What a finished training has left in its folder."""

import re
from pathlib import Path

THRESHOLDS = 'thresholds.json'
NAMES = 'names.safetensors'
_PERIODIC = ('epoch_*.pth', 'iter_*.pth')


def find_checkpoint(folder: str | Path) -> Path | None:
    """Return the checkpoint to use: the best, else the last; None if there is none.

    Args:
        folder: The work dir of a training.
    """
    best = _newest(Path(folder), 'best_*.pth')
    return find_last_checkpoint(folder) if best is None else best


def find_last_checkpoint(folder: str | Path) -> Path | None:
    """Return the checkpoint to go on from; None if there is none.

    Only one that lies in the folder: mmengine leaves there the path of the last one,
    which leads to another folder, or nowhere, once this one was moved or copied, or
    from another current folder.

    Args:
        folder: The work dir of a training.
    """
    folder = Path(folder)
    pointer = folder / 'last_checkpoint'
    if pointer.is_file():
        name = Path(pointer.read_text(encoding='utf-8').strip()).name
        if (folder / name).is_file():
            return folder / name
    return _newest(folder, *_PERIODIC)


def find_run(folder: str | Path) -> tuple[Path, Path]:
    """Return the config and the checkpoint of a work dir, or of a project's last one.

    The config is the newest ``.py``, which the runner has written there; the checkpoint
    that of :func:`find_checkpoint`. A project is a folder with ``work_dirs``, of which
    the one with the newest checkpoint counts.

    Args:
        folder: The work dir of a training, or a project.

    Raises:
        FileNotFoundError: There is no such folder, or it lacks one of the two.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f'{folder}: there is no such folder.')
    runs = [folder, *(path for path in folder.glob('work_dirs/*') if path.is_dir())]
    found = {run: find_checkpoint(run) for run in runs}
    if found[folder] is None:
        trained = [run for run in runs if found[run] is not None]
        if not trained:
            raise FileNotFoundError(
                f'{folder} has no checkpoint (best_*.pth, last_checkpoint, epoch_*.pth)'
                ', nor has a folder in its work_dirs/; name the work dir of a '
                'training, or a config and a checkpoint.'
            )
        folder = max(trained, key=lambda run: found[run].stat().st_mtime)
    return find_config(folder), found[folder]


def find_config(folder: str | Path) -> Path:
    """Return the newest config in a folder.

    Hidden ones do not count, which macOS and editors put beside others, nor do blank
    ones: a runner that a tool makes without a config, such as mmpretrain's
    ``vis_scheduler.py``, leaves one beside that of the training.

    Args:
        folder: The work dir of a training.

    Raises:
        FileNotFoundError: There is none.
    """
    found = [path for path in Path(folder).glob('[!.]*.py') if not _is_blank(path)]
    config = max(found, key=_age, default=None)
    if config is None:
        raise FileNotFoundError(
            f'{folder} has no config (.py); name the config and a checkpoint.'
        )
    return config


def _newest(folder: Path, *patterns: str) -> Path | None:
    """Return the newest file of these names; of two as new, the later name.

    Copies may all be as new: there the 10th comes after the 9th.
    """
    found = [path for pattern in patterns for path in folder.glob(pattern)]
    return max(found, key=_age, default=None)


def _is_blank(config: Path) -> bool:
    return not config.read_bytes().strip()


def _age(path: Path) -> tuple[float, list[int], str]:
    numbers = [int(number) for number in re.findall('[0-9]+', path.name)]
    return path.stat().st_mtime, numbers, path.name
