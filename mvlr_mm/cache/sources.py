"""What a kept picture was made of, and whether its file is still that."""

import os
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

import numpy as np

from mvlr_stack.progress import Progress

from ..stores.lists import UNKNOWN

_DIGEST = 16  # bytes

#: One row a picture.
SOURCE = np.dtype(
    [
        ('ori_shape', np.int32, (2,)),  # height and width of the file
        ('scale_factor', np.float64, (2,)),  # of width and height
        ('changed', np.int64),  # when the file was changed last, in nanoseconds
        ('digest', np.uint8, (_DIGEST,)),  # of its content
    ]
)


def source_of(path: str, results: dict) -> np.ndarray:
    """Return the row of a picture.

    Args:
        path: Its file; an address has neither time nor digest.
        results: What the steps that are kept have made of it.
    """
    row = np.zeros((), SOURCE)
    for key in ('ori_shape', 'scale_factor'):
        row[key] = results[key]
    row['changed'] = _time(path)
    if row['changed'] != UNKNOWN:
        row['digest'] = np.frombuffer(_digest(path), np.uint8)
    return row


def changed_files(paths: Sequence[str], rows: np.ndarray) -> list[str]:
    """Return the files that no longer hold what they did.

    A file with the same time is taken for the same. Of one with another, as a copy has
    it, the content decides.

    Args:
        paths: Of files, or addresses, which are passed over.
        rows: What was kept of each, (paths,) of ``SOURCE``.
    """
    times = zip(paths, rows['changed'].tolist(), strict=True)
    others = [
        i for i, (path, time) in enumerate(times) if _time(path) not in (UNKNOWN, time)
    ]
    progress = Progress('cache: files with another time', len(others))
    changed = []
    for i in others:
        if _digest(paths[i]) != rows['digest'][i].tobytes():
            changed.append(paths[i])
        progress.advance()
    return changed


def _time(path: str) -> int:
    """Return when a file was changed last; -1 for an address or what is not here."""
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return UNKNOWN


def _digest(path: str) -> bytes:
    return blake2b(Path(path).read_bytes(), digest_size=_DIGEST).digest()
