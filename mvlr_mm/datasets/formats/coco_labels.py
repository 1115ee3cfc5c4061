"""The labels of a COCO file: pictures, categories, and which go together."""

from collections.abc import Hashable
from typing import NamedTuple

import numpy as np

from ..checking.problems import Problems
from .files import require_keys


class COCOLabels(NamedTuple):
    """Pictures, categories, and which of them go together: P pairs.

    The pairs are in the order of the pictures, and of the categories within a picture.
    """

    files: list[str]  # file name of each picture, in the order of the file
    names: list[str]  # name of each category, in the order of their ids
    picture: np.ndarray  # (P,) int32, index into files
    category: np.ndarray  # (P,) int32, index into names
    crowd: np.ndarray  # (P,) bool, all boxes of the pair are crowds


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
    names, category_at = _categories(content['categories'], path)
    files, picture_at = _pictures(content['images'], path, problems)
    # only crowds so far, for every pair of picture and category
    pairs: dict[tuple[int, int], bool] = {}
    for i, box in enumerate(content['annotations']):
        try:
            pair = picture_at[box['image_id']], category_at[box['category_id']]
        except (KeyError, TypeError):
            known = dict(image_id=picture_at, category_id=category_at)
            with problems.one_record():
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
