"""Read annotation files as text and json, with errors that name the fix."""

import json
import os
from collections.abc import Sequence
from typing import Any


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
        return json.loads(text, object_pairs_hook=distinct_keys)
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f'{where} is not valid json, or was cut off: {error}; '
            'copy or write it again.'
        ) from error


def distinct_keys(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Return a json object, in which no key occurs twice.

    Args:
        pairs: Its keys and values.

    Raises:
        ValueError: One does; json would keep the last value in silence.
    """
    record = dict(pairs)
    if len(record) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f'the key {twice!r} occurs twice in one object')
    return record


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
