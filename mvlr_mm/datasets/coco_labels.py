"""The labels of a COCO file, and their index beside the file."""

import json
import os
import uuid
import zipfile
from collections.abc import Hashable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
from mmengine.logging import print_log

from .coco_json import read_coco_json
from .files import require_keys
from .problems import is_collecting, one_record

_VERSION = 1


class COCOLabels(NamedTuple):
    """Pictures, categories, and which of them go together: P pairs.

    The pairs are in the order of the pictures, and of the categories within a picture.
    """

    files: list[str]  # file name of each picture, in the order of the file
    names: list[str]  # name of each category, in the order of their ids
    picture: np.ndarray  # (P,) int32, index into files
    category: np.ndarray  # (P,) int32, index into names
    crowd: np.ndarray  # (P,) bool, all boxes of the pair are crowds


def read_coco_labels(path: str) -> COCOLabels:
    """Return the labels of an ``instances_*.json``, and leave an index of them.

    The index lies beside the file, ``<file>.index.npz``, and is used as long as the
    file's size and time of change are those that it was made from. Where the folder
    cannot be written to, a line in the log says so.

    Args:
        path: The json file.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is cut off, lacks a key, or contradicts itself.
    """
    stamp = _stamp(path)
    labels = _load(path, stamp)
    if labels is None:
        labels = _parse(read_coco_json(path), path)
        if not is_collecting():  # then it may have left out what is wrong
            _save(path, stamp, labels)
    return labels


def _parse(content: dict, path: str) -> COCOLabels:
    parts = ('images', 'annotations', 'categories')
    require_keys(content, parts, path)
    for part in parts:
        if not isinstance(content[part], list):
            raise ValueError(
                f'{path}: {part} must be a list, not {type(content[part]).__name__}.'
            )
    names, category_at = _categories(content['categories'], path)
    files, picture_at = _pictures(content['images'], path)
    # only crowds so far, for every pair of picture and category
    pairs: dict[tuple[int, int], bool] = {}
    for i, box in enumerate(content['annotations']):
        try:
            pair = picture_at[box['image_id']], category_at[box['category_id']]
        except (KeyError, TypeError):
            known = dict(image_id=picture_at, category_id=category_at)
            with one_record():
                raise ValueError(
                    _explain(box, f'{path}: annotations[{i}]', known)
                ) from None
        else:
            pairs[pair] = pairs.get(pair, True) and bool(box.get('iscrowd', 0))
    ordered = sorted(pairs)
    table = np.array(ordered, dtype=np.int32).reshape(-1, 2)
    crowd = np.array([pairs[pair] for pair in ordered], dtype=bool)
    return COCOLabels(files, names, table[:, 0], table[:, 1], crowd)


def _categories(categories: list, path: str) -> tuple[list[str], dict[int, int]]:
    """Return the names in the order of the ids, and the index of every id."""
    if not categories:
        raise ValueError(f'{path}: categories is empty; labels are made of them.')
    for i, category in enumerate(categories):
        where = f'{path}: categories[{i}]'
        require_keys(category, ('id', 'name'), where)
        _check_id(category['id'], where)
        name = category['name']
        if not isinstance(name, str) or not name.strip():
            raise ValueError(f'{where}: name ({name!r}) must be a name.')
    if len({isinstance(category['id'], str) for category in categories}) > 1:
        raise ValueError(f'{path}: categories have numbers and texts as ids; take one.')
    ordered = sorted(categories, key=lambda category: category['id'])
    index = {category['id']: i for i, category in enumerate(ordered)}
    names = [category['name'] for category in ordered]
    for key, values in (('id', list(index)), ('name', set(names))):
        if len(values) < len(ordered):
            raise ValueError(
                f'{path}: two categories have the same {key}; each needs its own.'
            )
    return names, index


def _pictures(images: list, path: str) -> tuple[list[str], dict[int, int]]:
    """Return the file names, and the index of every id."""
    files: list[str] = []
    index: dict[int, int] = {}
    for i, image in enumerate(images):
        with one_record():
            where = f'{path}: images[{i}]'
            require_keys(image, ('id', 'file_name'), where)
            _check_id(image['id'], where)
            if not isinstance(image['file_name'], str) or not image['file_name']:
                name = image['file_name']
                raise ValueError(f'{where}: file_name ({name!r}) must be a path.')
            if image['id'] in index:
                raise ValueError(f'{where} has id {image["id"]}, as one before it.')
            index[image['id']] = len(files)
            files.append(image['file_name'])
    return files, index


def _check_id(value: object, where: str) -> None:
    if not isinstance(value, (int, float, str)):
        raise ValueError(f'{where}: id ({value!r}) must be a number or a text.')


def _explain(box: dict, where: str, known: dict[str, dict]) -> str:
    """Return what is wrong with an annotation.

    Raises:
        ValueError: A key is missing.
    """
    require_keys(box, tuple(known), where)
    key = next(
        key
        for key, ids in known.items()
        if not isinstance(box[key], Hashable) or box[key] not in ids
    )
    part = key.removesuffix('_id')
    return (
        f'{where} has {key} {box[key]}, which no {part} of the file has; '
        f'mend the annotation or add the {part}.'
    )


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
