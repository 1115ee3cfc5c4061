"""Read NUS-WIDE's text files: lists of pictures, columns of 0 and 1."""

import codecs
import os.path as osp

import numpy as np

from .files import read_text


def read_image_list(path: str) -> list[str]:
    r"""Return the lines of a list of pictures, with ``/`` for ``\``.

    Args:
        path: Such as ``ImageList/TrainImagelist.txt``.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is not UTF-8.
    """
    lines = (line.strip() for line in read_text(path).split('\n'))
    return [line.replace('\\', '/') for line in lines if line]


def read_columns(path: str, rows: int, columns: int) -> np.ndarray:
    """Return a text file of 0 and 1, (rows, columns) uint8.

    Args:
        path: The file; white space between the numbers, a line a row.
        rows: Rows that it must have.
        columns: Columns that it must have.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: Another number stands there, or there are more or fewer.
    """
    if not osp.isfile(path):
        raise FileNotFoundError(
            f'{path} does not exist; every concept needs its file, under its name in '
            'Concepts81.txt.'
        )
    with open(path, 'rb') as file:
        content = file.read().removeprefix(codecs.BOM_UTF8)
    lines = content.translate(None, b' \t\r').split()
    values = np.frombuffer(b''.join(lines), np.uint8) - ord('0')
    uneven = set(map(len, lines)) - {columns}
    if uneven or len(lines) != rows or (values > 1).any():
        raise ValueError(_what_is_wrong(path, content, rows, columns))
    return values.reshape(rows, columns)


def _what_is_wrong(path: str, content: bytes, rows: int, columns: int) -> str:
    lines = [line.split() for line in content.decode(errors='replace').split('\n')]
    for number, words in enumerate(lines, 1):
        wrong = [word for word in words if word not in ('0', '1')]
        if wrong:
            return f'{path}:{number}: {wrong[0]!r} must be 0 or 1.'
        if words and len(words) != columns:
            return f'{path}:{number} has {len(words)} numbers and must have {columns}.'
    return (
        f'{path} has {sum(map(bool, lines))} rows, but its list has {rows} pictures; '
        'copy both again.'
    )
