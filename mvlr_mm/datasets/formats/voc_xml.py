"""Read PASCAL VOC's annotations: an xml file a picture."""

import os.path as osp
import xml.etree.ElementTree as ET
from collections.abc import Sequence

from ..checking.problems import RAISED, Problems
from .label_messages import unknown_label
from .misspelt import check_key
from .voc_labels import VOCLabels

# What may hold names beside objects, and is about the picture.
_ABOUT = ('owner', 'source')
_OF_OBJECT = ('name', 'difficult')


def read_xml(path: str, names: Sequence[str], problems: Problems = RAISED) -> VOCLabels:
    """Return the labels of a picture's annotation.

    Args:
        path: The xml file.
        names: The class names as the file writes them, in index order.
        problems: Where problems go.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is cut off, malformed or of another kind, or an object has no
            class.
    """
    if not osp.isfile(path):
        raise FileNotFoundError(
            f'annotation {path} does not exist; check data_root, or read the labels of '
            "each class's list with source='lists'."
        )
    try:
        root = ET.parse(path).getroot()
    except (ET.ParseError, LookupError, ValueError) as error:  # the last: encodings
        raise ValueError(
            f'{path} is not valid xml, was cut off, or is in another encoding than it '
            f'says: {error}; copy or write it again.'
        ) from error
    if root.tag != 'annotation':
        raise ValueError(
            f'{path} is no annotation of VOC: it begins with <{root.tag}>, not with '
            '<annotation>.'
        )
    found: dict[bool, set[int]] = {True: set(), False: set()}
    for i, entry in enumerate(root.findall('object')):
        with problems.one_record():
            name, difficult = _read_object(entry, f'{path}: object {i}')
            if name not in names:
                raise ValueError(unknown_label(name, names, f'{path}: object {i}'))
            found[difficult].add(names.index(name))
    for entry in root:
        with problems.one_record():
            _check_other(entry, path)
    return VOCLabels(found[False], found[True] - found[False])


def _read_object(entry: ET.Element, where: str) -> tuple[str, bool]:
    """Return the name of an object, and whether it is difficult."""
    texts = {}
    # the names of its parts (head, hand) are one level below, and no labels
    for key, default in (('name', ''), ('difficult', '0')):
        values = entry.findall(key)
        if len(values) > 1:
            raise ValueError(f'{where} has <{key}> {len(values)} times; keep one.')
        texts[key] = ((values[0].text if values else None) or default).strip()
    for part in entry:
        if part.tag not in _OF_OBJECT:
            check_key(part.tag, _OF_OBJECT, where)
    if texts['difficult'] not in ('0', '1'):
        raise ValueError(f'{where}: difficult ({texts["difficult"]!r}) must be 0 or 1.')
    return texts['name'], texts['difficult'] == '1'


def _check_other(entry: ET.Element, path: str) -> None:
    """Stop at what looks like an object under another name."""
    if entry.tag == 'object' or entry.tag in _ABOUT:
        return
    if any(inner.tag in ('name', 'bndbox', 'object') for inner in entry.iter()):
        raise ValueError(
            f'{path}: <{entry.tag}> holds what an object has, and only <object> right '
            'below <annotation> is read; rename it, or take it out.'
        )
