"""The labels of a COCO file from an index beside it, which the first reading leaves."""

import hashlib
import io
import json
import os
import uuid
import zlib
from contextlib import suppress
from pathlib import Path

import numpy as np
from mmengine.logging import print_log

from ..checking.problems import RAISED, Problems
from .coco_json import read_coco_json
from .coco_labels import COCOLabels, parse_coco_labels

_VERSION = 3
_BLOCK = 1 << 24
_DIGEST_SIZE = 16
_TEXTS = ('files', 'names', 'root')
_ARRAYS = ('picture', 'category', 'crowd')


def read_coco_labels(path: str, problems: Problems = RAISED) -> COCOLabels:
    """Return the labels of an ``instances_*.json``, and leave an index of them.

    The index lies beside the file, ``<file>.index.npz``, and is used as long as size
    and CRC-32 of the file are those that it was made from, and its own bytes those that
    were written (BLAKE2b, at its end). Where the folder cannot be written to, a line in
    the log says so.

    Args:
        path: The json file.
        problems: Where problems go.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is cut off, lacks a key, or contradicts itself.
    """
    stamp = _stamp(path)
    labels = _load(path, stamp)
    if labels is None:
        labels = parse_coco_labels(read_coco_json(path), path, problems)
        if not problems.found:  # else something was left out
            _save(path, stamp, labels)
    return labels


def _index_path(path: str) -> Path:
    return Path(f'{path}.index.npz')


def _stamp(path: str) -> np.ndarray:
    """Return what an index must have been made from: its form, the file's content."""
    size, check = 0, 0
    with suppress(FileNotFoundError), open(path, 'rb') as file:  # reading it will tell
        while block := file.read(_BLOCK):
            size, check = size + len(block), zlib.crc32(block, check)
    return np.array([_VERSION, size, check], dtype=np.int64)


def _load(path: str, stamp: np.ndarray) -> COCOLabels | None:
    """Return what the index holds, or None where it does not belong to the file."""
    try:
        content = _index_path(path).read_bytes()
        body, digest = content[:-_DIGEST_SIZE], content[-_DIGEST_SIZE:]
        if _digest(body) != digest:
            return None
        with np.load(io.BytesIO(body), allow_pickle=False) as stored:
            if not np.array_equal(stored['stamp'], stamp):
                return None
            texts = {key: json.loads(stored[key].tobytes()) for key in _TEXTS}
            arrays = {key: stored[key] for key in _ARRAYS}
        return COCOLabels(**texts, **arrays)
    except Exception:  # whatever is wrong with an index, the file itself is there
        return None


def _digest(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=_DIGEST_SIZE).digest()


def _save(path: str, stamp: np.ndarray, labels: COCOLabels) -> None:
    """Write the index whole or not at all: other processes may read and write it."""
    target = _index_path(path)
    draft = target.with_name(f'{target.name}.{uuid.uuid4().hex}.tmp')
    texts = {
        key: np.frombuffer(json.dumps(getattr(labels, key)).encode(), np.uint8)
        for key in _TEXTS
    }
    arrays = {key: getattr(labels, key) for key in _ARRAYS}
    body = io.BytesIO()
    np.savez(body, stamp=stamp, **texts, **arrays)
    try:
        draft.write_bytes(body.getvalue() + _digest(body.getvalue()))
        os.replace(draft, target)
    except OSError as error:
        with suppress(OSError):
            draft.unlink()
        print_log(
            f'{target} cannot be written ({error.strerror}); every run will read '
            f'{os.path.basename(path)} itself.',
            'current',
        )
