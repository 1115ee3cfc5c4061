"""The labels of a COCO file: pictures, categories, and which go together."""

from collections.abc import Hashable
from typing import NamedTuple

import numpy as np

from ...labels.names import check_label_names
from ..checking.problems import Problems
from .coco_json import BOX_KEYS, CATEGORY_KEYS, IMAGE_KEYS
from .files import require_keys
from .misspelt import looks_like

_CROWD = {0: False, 1: True}
_OF_BOX = frozenset(BOX_KEYS)


class COCOLabels(NamedTuple):
    """Pictures, categories, and which of them go together: P pairs.

    The pairs are in the order of the pictures, and of the categories within a picture.
    """

    files: list[str]  # file name of each picture, in the order of the file
    names: list[str]  # name of each category that is a label, in the order of their ids
    picture: np.ndarray  # (P,) int32, index into files
    category: np.ndarray  # (P,) int32, index into names
    crowd: np.ndarray  # (P,) bool, all boxes of the pair are crowds
    root: str | None = None  # a category that is no label, only the top of the others


def parse_coco_labels(content: dict, path: str, problems: Problems) -> COCOLabels:
    """Return the labels of a parsed ``instances_*.json``.

    Args:
        content: Its json value.
        path: The file, for messages.
        problems: Where problems go.

    Raises:
        ValueError: It lacks a key, or contradicts itself.
    """
    parts = ('images', 'annotations', 'categories')
    require_keys(content, parts, path)
    for part in parts:
        if not isinstance(content[part], list):
            raise ValueError(
                f'{path}: {part} must be a list, not {type(content[part]).__name__}.'
            )
    categories = _categories(content['categories'], path)
    files, picture_at = _pictures(content['images'], path, problems)
    category_at = {category['id']: i for i, category in enumerate(categories)}
    # only crowds so far, for every pair of picture and category
    pairs: dict[tuple[int, int], bool] = {}
    for i, box in enumerate(content['annotations']):
        try:
            pair = picture_at[box['image_id']], category_at[box['category_id']]
            crowd = _CROWD[box.get('iscrowd', 0)]
            if not box.keys() <= _OF_BOX:
                with problems.one_record():
                    _check_keys(box, BOX_KEYS, f'{path}: annotations[{i}]')
        except (KeyError, TypeError):
            known = dict(image_id=picture_at, category_id=category_at, iscrowd=_CROWD)
            with problems.one_record():
                raise ValueError(
                    _explain(box, f'{path}: annotations[{i}]', known)
                ) from None
        else:
            pairs[pair] = pairs.get(pair, True) and crowd
    ordered = sorted(pairs)
    table = np.array(ordered, dtype=np.int32).reshape(-1, 2)
    picture, category = table[:, 0], table[:, 1]
    crowd = np.array([pairs[pair] for pair in ordered], dtype=bool)
    names = [category['name'] for category in categories]
    root, top = _root(categories, set(category.tolist())), None
    if root is not None:
        top = names.pop(root)
        category = category - (category > root).astype(np.int32)
    check_label_names(tuple(names), f'{path}: categories')
    return COCOLabels(files, names, picture, category, crowd, top)


def _categories(categories: list, path: str) -> list[dict]:
    """Return the categories in the order of their ids, checked."""
    if not categories:
        raise ValueError(f'{path}: categories is empty; labels are made of them.')
    for i, category in enumerate(categories):
        where = f'{path}: categories[{i}]'
        require_keys(category, ('id', 'name'), where)
        _check_keys(category, CATEGORY_KEYS, where)
        _check_id(category['id'], where)
        name = category['name']
        if not isinstance(name, str) or not name.strip():
            raise ValueError(f'{where}: name ({name!r}) must be a name.')
    ids = [category['id'] for category in categories]
    if len({isinstance(value, str) for value in ids}) > 1:
        raise ValueError(f'{path}: categories have numbers and texts as ids; take one.')
    if len(set(ids)) < len(ids):
        raise ValueError(
            f'{path}: two categories have the same id; each needs its own.'
        )
    return sorted(categories, key=lambda category: category['id'])


def _root(categories: list[dict], used: set[int]) -> int | None:
    """Return the index of the category that is only the top of all others, if any.

    Roboflow's exports begin with one, which no box has.
    """
    above = [category.get('supercategory') for category in categories]
    for i, category in enumerate(categories):
        others = {*above[:i], *above[i + 1 :]}
        top = above[i] in (None, '', 'none')
        if top and i not in used and others == {category['name']}:
            return i
    return None


def _pictures(
    images: list, path: str, problems: Problems
) -> tuple[list[str], dict[int, int]]:
    """Return the file names, and the index of every id."""
    files: list[str] = []
    index: dict[int, int] = {}
    for i, image in enumerate(images):
        with problems.one_record():
            where = f'{path}: images[{i}]'
            require_keys(image, ('id', 'file_name'), where)
            _check_keys(image, IMAGE_KEYS, where)
            _check_id(image['id'], where)
            if 'neg_category_ids' in image:
                raise ValueError(
                    f'{where} has neg_category_ids, as in LVIS: what has no box is '
                    'unknown there, not absent; write a list with "absent" for '
                    'MultiLabelList.'
                )
            if not isinstance(image['file_name'], str) or not image['file_name']:
                name = image['file_name']
                raise ValueError(f'{where}: file_name ({name!r}) must be a path.')
            if image['id'] in index:
                raise ValueError(f'{where} has id {image["id"]}, as one before it.')
            index[image['id']] = len(files)
            files.append(image['file_name'])
    return files, index


def _check_keys(record: dict, known: tuple[str, ...], where: str) -> None:
    """Stop at a key that looks like one that is read and is not there."""
    for key in record.keys() - set(known):
        near = looks_like(key, known)
        if near is not None and near not in record:
            raise ValueError(
                f'{where}: {key!r} is not read, and looks like {near!r}, which is not '
                'there; write it so, or take it out.'
            )


def _check_id(value: object, where: str) -> None:
    if not isinstance(value, (int, float, str)):
        raise ValueError(f'{where}: id ({value!r}) must be a number or a text.')


def _explain(box: dict, where: str, known: dict[str, dict]) -> str:
    """Return what is wrong with an annotation.

    Raises:
        ValueError: A key is missing.
    """
    require_keys(box, ('image_id', 'category_id'), where)
    key = next(
        key
        for key, values in known.items()
        if not isinstance(box.get(key, 0), Hashable) or box.get(key, 0) not in values
    )
    if key == 'iscrowd':
        return f'{where}: iscrowd ({box[key]!r}) must be 0 or 1.'
    part = key.removesuffix('_id')
    return (
        f'{where} has {key} {box[key]!r}, which no {part} of the file has; '
        f'mend the annotation or add the {part}.'
    )
