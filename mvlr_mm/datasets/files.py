"""Read annotation files and look for pictures, with errors that name the fix."""

import difflib
import json
import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .problems import is_collecting, one_record


def read_text(path: str) -> str:
    """Return the text of a UTF-8 file, with or without a byte order mark.

    Args:
        path: An annotation file.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is not UTF-8.
    """
    if not os.path.isfile(path):
        raise FileNotFoundError(
            f'ann_file ({path}) does not exist; check data_root and ann_file.'
        )
    try:
        with open(path, encoding='utf-8-sig') as file:
            return file.read()
    except UnicodeDecodeError as error:
        raise ValueError(
            f'ann_file ({path}) is not UTF-8: byte {error.start} is '
            f'0x{error.object[error.start]:02x}; save the file as UTF-8.'
        ) from error


def parse_json(text: str, where: str) -> Any:
    """Return the value of a json text.

    Args:
        text: The text.
        where: The file, or file and line, for the message.

    Raises:
        ValueError: The text is not json, or ends too early.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(
            f'{where} is not valid json, or was cut off: {error}; '
            'copy or write it again.'
        ) from error


def require_keys(record: Any, keys: Sequence[str], where: str) -> None:
    """Check that a json value is an object with these keys.

    Args:
        record: What was read.
        keys: The keys that it needs.
        where: The file and the place in it, for the message.

    Raises:
        ValueError: It is no object, or a key is missing.
    """
    if not isinstance(record, dict):
        raise ValueError(
            f'{where} must be a json object with {list(keys)}, '
            f'not {type(record).__name__}.'
        )
    for key in keys:
        if key not in record:
            raise ValueError(
                f'{where} has no key {key!r}; it needs {list(keys)} '
                f'and has {sorted(record)}.'
            )


def check_records(
    data_list: Sequence[dict],
    ann_file: str,
    place: Callable[[int], str],
    check_files: bool,
) -> None:
    """Check what every list of pictures must be: not empty, distinct, there.

    Args:
        data_list: Records with ``img_path``.
        ann_file: The file that they come from, for the message.
        place: Where the record of an index stands, for the message.
        check_files: Look whether every picture exists.

    Raises:
        FileNotFoundError: Some pictures do not exist.
        ValueError: There is no record, or two have the same picture.
    """
    with one_record():
        if not data_list:
            raise ValueError(
                f'ann_file ({ann_file}) lists no picture to use; check that it is the '
                'right file, and complete.'
            )
    first: dict[str, int] = {}
    for i, data in enumerate(data_list):
        before = first.setdefault(data['img_path'], i)
        if before != i:
            with one_record():
                raise ValueError(
                    f'{place(i)} lists {data["img_path"]}, as {place(before)} does '
                    'already; keep one of the two.'
                )
    if check_files and not is_collecting():
        require_pictures(list(first), ann_file)


def unknown_label(label: str, names: Iterable[str], where: str) -> str:
    """Return the message for a label that no class has.

    Args:
        label: The label as it was read.
        names: The label names that there are.
        where: The file and the place in it.
    """
    lower = {name.lower(): name for name in names}
    near = difflib.get_close_matches(label.lower(), lower, cutoff=0)
    nearest = ', '.join(repr(lower[name]) for name in near)
    return (
        f'{where}: unknown label {label!r}, not among the {len(lower)} classes; '
        f'nearest: {nearest}. Mend the label, or add it to classes.'
    )


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
            f'first: {first}. Check data_root and data_prefix, or mend the file; '
            'check_files=False leaves this check out.'
        )


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
            return {entry.name for entry in entries}
    except (FileNotFoundError, NotADirectoryError):
        return set()
