"""Read PASCAL VOC's lists: the pictures of a part, and the labels of a class."""

import difflib
import os
import os.path as osp
import re
from collections.abc import Sequence

from ..checking.problems import RAISED, Problems
from .files import read_text
from .voc_labels import VOCLabels

# An id, which may contain spaces, and what a class is in the picture.
_LINE = re.compile(r'(?P<id>\S.*?)\s+(?P<value>1|0|-1)')


def read_ids(path: str) -> list[tuple[str, str]]:
    """Return the lines of a list of pictures, each as it is and without a value.

    Args:
        path: Such as ``ImageSets/Main/trainval.txt``, or the list of a class, in which
            a value follows the id.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is not UTF-8.
    """
    lines = [line.strip() for line in read_text(path).split('\n') if line.strip()]
    matches = [_LINE.fullmatch(line) for line in lines]
    return [
        (line, match['id'] if match else line)
        for line, match in zip(lines, matches, strict=True)
    ]


def read_class_lists(
    folder: str,
    part: str,
    names: Sequence[str],
    ids: Sequence[str],
    problems: Problems = RAISED,
) -> list[VOCLabels]:
    """Return the labels of pictures from every ``<class>_<part>.txt``.

    Args:
        folder: ``ImageSets/Main``.
        part: ``train``, ``val``, ``trainval`` or ``test``.
        names: The class names as the files write them, in index order.
        ids: Of the pictures; the lists may have others, too.
        problems: Where problems go.

    Raises:
        FileNotFoundError: A class has no list.
        ValueError: A line is not an id and 1, 0 or -1; two lines contradict each other;
            or a list lacks a picture.
    """
    found = {name: VOCLabels(set(), set()) for name in ids}
    for index, name in enumerate(names):
        path = osp.join(folder, f'{name}_{part}.txt')
        values = _read_class_list(path, found.keys(), problems)
        missing = [picture for picture in ids if picture not in values]
        if missing:
            with problems.one_record():
                raise ValueError(
                    f'{path} has no line for {len(missing)} of the {len(ids)} pictures '
                    f'of {part}.txt, first: {missing[0]}; it may have been cut off. '
                    "Copy it again, or read the labels with source='xml'."
                )
        for picture in found.keys() & values.keys():
            if values[picture] != '-1':
                found[picture][values[picture] == '0'].add(index)
    return [found[name] for name in ids]


def _read_class_list(
    path: str, known: Sequence[str], problems: Problems
) -> dict[str, str]:
    if not osp.isfile(path):
        raise FileNotFoundError(_no_list(path))
    values: dict[str, str] = {}
    for number, line in enumerate(read_text(path).split('\n'), 1):
        if not line.strip():
            continue
        with problems.one_record():
            match = _LINE.fullmatch(line.strip())
            if not match or (match['id'] not in known and len(match['id'].split()) > 1):
                raise ValueError(
                    f"{path}:{number}: {line!r} must be a picture's id and 1 (there), "
                    '0 (difficult) or -1 (absent).'
                )
            if values.setdefault(match['id'], match['value']) != match['value']:
                raise ValueError(
                    f'{path}:{number}: {line!r} contradicts a line before it, which '
                    f'says {values[match["id"]]}; keep one.'
                )
    return values


def _no_list(path: str) -> str:
    folder, name = osp.split(path)
    there = os.listdir(folder) if osp.isdir(folder) else []
    near = ', '.join(difflib.get_close_matches(name, there))
    hint = f'; nearest: {near}' if near else ''
    return f'{path} does not exist{hint}; check data_root and classes.'
