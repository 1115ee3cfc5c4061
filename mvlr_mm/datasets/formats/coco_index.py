"""The labels of a COCO file from an index beside it, which the first reading leaves."""

import json
import os
import uuid
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
from mmengine.logging import print_log

from ..checking.problems import RAISED, Problems
from .coco_json import read_coco_json
from .coco_labels import COCOLabels, parse_coco_labels

_VERSION = 1


def read_coco_labels(path: str, problems: Problems = RAISED) -> COCOLabels:
    """Return the labels of an ``instances_*.json``, and leave an index of them.

    The index lies beside the file, ``<file>.index.npz``, and is used as long as the
    file's size and time of change are those that it was made from. Where the folder
    cannot be written to, a line in the log says so.

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
    try:
        state = os.stat(path)
    except FileNotFoundError:
        return np.zeros(3, dtype=np.int64)  # reading it says what is wrong
    return np.array([_VERSION, state.st_size, state.st_mtime_ns], dtype=np.int64)


def _load(path: str, stamp: np.ndarray) -> COCOLabels | None:
    """Return what the index holds, or None where it does not belong to the file."""
    try:
        with np.load(_index_path(path), allow_pickle=False) as stored:
            if not np.array_equal(stored['stamp'], stamp):
                return None
            files, names = (
                json.loads(stored[key].tobytes()) for key in ('files', 'names')
            )
            arrays = [stored[key] for key in ('picture', 'category', 'crowd')]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    labels = COCOLabels(files, names, *arrays)
    return labels if _is_sound(labels) else None


def _is_sound(labels: COCOLabels) -> bool:
    if len({array.shape for array in labels[2:]}) != 1 or labels.crowd.dtype != bool:
        return False
    return all(
        not array.size or (array.min() >= 0 and array.max() < len(entries))
        for array, entries in (
            (labels.picture, labels.files),
            (labels.category, labels.names),
        )
    )


def _save(path: str, stamp: np.ndarray, labels: COCOLabels) -> None:
    """Write the index whole or not at all: other processes may read and write it."""
    target = _index_path(path)
    draft = target.with_name(f'{target.name}.{uuid.uuid4().hex}.tmp')
    texts = {
        key: np.frombuffer(json.dumps(getattr(labels, key)).encode(), np.uint8)
        for key in ('files', 'names')
    }
    arrays = dict(picture=labels.picture, category=labels.category, crowd=labels.crowd)
    try:
        with draft.open('wb') as file:
            np.savez(file, stamp=stamp, **texts, **arrays)
        os.replace(draft, target)
    except OSError as error:
        with suppress(OSError):
            draft.unlink()
        print_log(
            f'{target} cannot be written ({error.strerror}); every run will read '
            f'{os.path.basename(path)} itself.',
            'current',
        )
