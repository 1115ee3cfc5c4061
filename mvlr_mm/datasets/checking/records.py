"""Check what every list of pictures must be: not empty, distinct, there."""

import os
from collections.abc import Callable, Iterable, Sequence

from ...near_names import folded, quoted
from .problems import Problems


def check_records(
    data_list: Sequence[dict],
    ann_file: str,
    place: Callable[[int], str],
    check_files: bool,
    problems: Problems,
) -> None:
    """Check what every list of pictures must be: not empty, distinct, there.

    Args:
        data_list: Records with ``img_path``.
        ann_file: The file that they come from, for the message.
        place: Where the record of an index stands, for the message.
        check_files: Look whether every picture exists.
        problems: Where problems go.

    Raises:
        FileNotFoundError: Some pictures do not exist.
        ValueError: There is no record, or two have the same picture.
    """
    with problems.one_record():
        if not data_list:
            raise ValueError(
                f'ann_file ({ann_file}) lists no picture to use; check that it is the '
                'right file, and complete.'
            )
    first: dict[str, int] = {}
    for i, data in enumerate(data_list):
        before = first.setdefault(same_file(data['img_path']), i)
        if before != i:
            with problems.one_record():
                raise ValueError(
                    f'{place(i)} lists {data["img_path"]}, as {place(before)} does '
                    'already; write one record, with the labels of both.'
                )
    if check_files:
        require_pictures(list(first), ann_file)


def same_file(path: str) -> str:
    """Return a path without detours: ``./a.jpg`` and ``x/../a.jpg`` are ``a.jpg``."""
    return path if '://' in path else os.path.normpath(path)


def require_pictures(paths: Sequence[str], ann_file: str) -> None:
    """Check that every picture exists, by reading each folder once.

    Args:
        paths: Paths of pictures on a local disk.
        ann_file: The file that lists them, for the message.

    Raises:
        FileNotFoundError: Some do not exist.
    """
    missing = _missing(paths)
    if missing:
        first = ', '.join(missing[:3])
        raise FileNotFoundError(
            f'{len(missing)} of the {len(paths)} pictures in {ann_file} do not exist, '
            f'first: {first}{_there(missing)}. Check data_root and data_prefix, or '
            'mend the file; check_files=False leaves this check out.'
        )


def _there(paths: Sequence[str]) -> str:
    there = [path for path in paths if os.path.lexists(path)]
    if there:
        return f'; {there[0]} is a folder, or a link that leads to none'
    folder, name = os.path.split(paths[0])
    alike = [n for n in _names(folder) if folded(n) == folded(name)]
    return f'; there is {quoted(min(alike), name)}' if alike else ''


def _missing(paths: Iterable[str]) -> list[str]:
    folders: dict[str, set[str]] = {}
    missing = []
    for path in paths:
        folder, name = os.path.split(path)
        if folder not in folders:
            folders[folder] = _names(folder)
        if name not in folders[folder]:
            missing.append(path)
    return missing


def _names(folder: str) -> set[str]:
    try:
        with os.scandir(folder or '.') as entries:
            # a folder is no picture, nor is a link that leads nowhere
            return {entry.name for entry in entries if _is_file(entry)}
    except (FileNotFoundError, NotADirectoryError):
        return set()


def _is_file(entry: os.DirEntry) -> bool:
    try:
        return entry.is_file()
    except OSError:  # a link to itself, or to where one may not look
        return False
