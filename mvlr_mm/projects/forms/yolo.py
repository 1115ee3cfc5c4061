"""YOLO's text files: a line a box, which begins with the index of a label."""

import re
from pathlib import Path
from typing import Any

import yaml

from ...datasets.checking.problems import Problems
from ...datasets.formats.files import read_text
from ..names import NAME_FILES, find_names
from ..record import Record, Source, split_of_path
from ..tree import Tree
from .beside import note_without, text_files

_NUMBER = r'[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?'
YAML = ('.yaml', '.yml')
BOX = re.compile(rf'{_NUMBER}(?:\s+{_NUMBER}){{4,}}')


def read_yolo(
    tree: Tree,
    classes: tuple[str, ...] | None,
    problems: Problems,
    yaml_file: Path | None = None,
) -> Source:
    """Read the labels of pictures from their boxes; an empty file says there is none.

    Args:
        tree: The source.
        classes: The names, if they are known; else those of a yaml or names file.
        problems: Where problems go.
        yaml_file: The only yaml file to read; None reads all of the source.

    Raises:
        ValueError: No file has the names, or two have others.
    """
    named: list[Path] = []
    if classes is None:
        classes, named = _names(tree, yaml_file)
    records, files = [], []
    for path, picture in text_files(tree):
        files.append(path)
        with problems.one_record():
            labels = _labels(path, len(classes))
            split = split_of_path(picture, tree.root)
            records.append(Record(str(path), str(picture), labels, split=split))
    note_without(tree, records, 'text file', problems)
    return Source('YOLO, a text file a picture', records, [*files, *named], classes)


def _labels(path: Path, count: int) -> list[int]:
    found = set()
    for number, line in enumerate(read_text(str(path)).split('\n'), 1):
        if not line.strip():
            continue
        index = _index(line.strip(), f'{path}:{number}')
        if index >= count:
            raise ValueError(
                f'{path}:{number}: label {index} is out of range; there are {count} '
                f'names, so an index lies in 0 to {count - 1}.'
            )
        found.add(index)
    return sorted(found)


def _index(line: str, where: str) -> int:
    """Return the index of the label of a box; tools may write it as 1.0 or 1e+00."""
    first = line.split()[0]
    if BOX.fullmatch(line) and float(first).is_integer() and float(first) >= 0:
        return int(float(first))
    raise ValueError(
        f'{where}: {line!r} must be the index of a label and four numbers or more.'
    )


def _names(tree: Tree, yaml_file: Path | None) -> tuple[tuple[str, ...], list[Path]]:
    """Return the names, and the files that have them."""
    found: dict[Path, tuple[str, ...]] = {}
    for path in [yaml_file] if yaml_file else tree.with_suffix(*YAML):
        try:
            content = yaml.safe_load(read_text(str(path)))
        except yaml.YAMLError as error:
            raise ValueError(f'{path} is not valid yaml: {error}.') from error
        if isinstance(content, dict) and 'names' in content:
            found[path] = _from_yaml(content['names'], path)
    folders = dict.fromkeys(p.parent for p in tree.files if p.name in NAME_FILES)
    for folder in () if found else folders:
        names, files = find_names(folder)
        found |= dict.fromkeys(files, names)
    if not found:
        raise ValueError(
            f'{tree.root}: labels are numbers, and neither a yaml file nor one of '
            f'{", ".join(NAME_FILES)} says their names; give them by --classes.'
        )
    if len(set(found.values())) > 1:
        first, second = list(found)[:2]
        raise ValueError(
            f'{first} and {second} have other names; say which: --classes.'
        )
    return next(iter(found.values())), list(found)


def _from_yaml(names: Any, path: Path) -> tuple[str, ...]:
    if isinstance(names, dict):
        if set(names) != set(range(len(names))):
            raise ValueError(f'{path}: names must have the keys 0 to {len(names) - 1}.')
        names = [names[i] for i in range(len(names))]
    if not isinstance(names, list):
        raise ValueError(f'{path}: names must be a list, or names by their index.')
    for i, name in enumerate(names):
        if not isinstance(name, (str, int)) or isinstance(name, bool):
            raise ValueError(
                f'{path}: the name {i} is read as {name!r}, which is no text; write it '
                'in quotes.'
            )
    return tuple(map(str, names))
