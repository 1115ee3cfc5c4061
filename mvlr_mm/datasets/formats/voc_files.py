"""Read the labels of PASCAL VOC's files: an xml a picture, or a list a class."""

import difflib
import os
import os.path as osp
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from typing import NamedTuple

from ..checking.problems import RAISED, Problems
from .files import read_text
from .label_messages import unknown_label


class Labels(NamedTuple):
    """Label indices of a picture."""

    present: set[int]  # at least one object that is not difficult
    difficult: set[int]  # objects, all of them difficult


def read_xml(path: str, names: Sequence[str], problems: Problems = RAISED) -> Labels:
    """Return the labels of a picture's annotation.

    Args:
        path: The xml file.
        names: The class names as the file writes them, in index order.
        problems: Where problems go.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is cut off, malformed, or an object has no class.
    """
    if not osp.isfile(path):
        raise FileNotFoundError(
            f'annotation {path} does not exist; check data_root, or read the labels of '
            "each class's list with source='lists'."
        )
    try:
        objects = ET.parse(path).getroot().findall('object')
    except (ET.ParseError, LookupError, ValueError) as error:  # the last: encodings
        raise ValueError(
            f'{path} is not valid xml, was cut off, or is in another encoding than it '
            f'says: {error}; copy or write it again.'
        ) from error
    found: dict[bool, set[int]] = {True: set(), False: set()}
    for i, entry in enumerate(objects):
        with problems.one_record():
            name = (entry.findtext('name') or '').strip()
            if name not in names:
                raise ValueError(unknown_label(name, names, f'{path}: object {i}'))
            difficult = (entry.findtext('difficult') or '0').strip() == '1'
            found[difficult].add(names.index(name))
    return Labels(found[False], found[True] - found[False])


def read_class_lists(
    folder: str, part: str, names: Sequence[str], problems: Problems = RAISED
) -> dict[str, Labels]:
    """Return the labels of every picture of ``<class>_<part>.txt``, by its id.

    Args:
        folder: ``ImageSets/Main``.
        part: ``train``, ``val``, ``trainval`` or ``test``.
        names: The class names as the files write them, in index order.
        problems: Where problems go.

    Raises:
        FileNotFoundError: A class has no list.
        ValueError: A line is not an id and 1, 0 or -1.
    """
    found: dict[str, Labels] = {}
    for index, name in enumerate(names):
        path = osp.join(folder, f'{name}_{part}.txt')
        if not osp.isfile(path):
            raise FileNotFoundError(_no_list(path))
        for line, content in enumerate(read_text(path).split('\n'), 1):
            words = content.split()
            if not words:
                continue
            with problems.one_record():
                if len(words) != 2 or words[1] not in ('1', '0', '-1'):
                    raise ValueError(
                        f"{path}:{line}: {content!r} must be a picture's id and 1 "
                        '(there), 0 (difficult) or -1 (absent).'
                    )
                labels = found.setdefault(words[0], Labels(set(), set()))
                if words[1] != '-1':
                    labels[words[1] == '0'].add(index)
    return found


def _no_list(path: str) -> str:
    folder, name = osp.split(path)
    there = os.listdir(folder) if osp.isdir(folder) else []
    near = ', '.join(difflib.get_close_matches(name, there))
    hint = f'; nearest: {near}' if near else ''
    return f'{path} does not exist{hint}; check data_root and classes.'
