"""What the annotations of a source say."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

_NAMES = {
    'train': ('train', 'training', 'trainval'),
    'val': ('val', 'valid', 'validation', 'dev'),
    'test': ('test', 'testing'),
}
_SPLIT_OF = {name: split for split, names in _NAMES.items() for name in names}


class Record(NamedTuple):
    """A picture and its labels, as they were read."""

    where: str  # file and line, or file and number
    image: str  # absolute path
    labels: Sequence[Any]  # names, or indices into the source's names
    absent: Sequence[Any] | None = None  # else as in a list: what follows is unknown
    unknown: Sequence[Any] | None = None
    split: str | None = None  # train, val or test, where the source says so


class Source(NamedTuple):
    """What was found."""

    form: str  # in words
    records: list[Record]
    files: list[Path]  # that were read, and that no project may replace
    classes: tuple[str, ...] | None = None  # in index order, where the source says so


def split_of(text: str) -> str | None:
    """Return the split that a name speaks of, such as ``instances_val2017``.

    Args:
        text: Of a file or a folder.
    """
    words = re.findall(r'[a-z]+', text.lower())
    return next((_SPLIT_OF[word] for word in words if word in _SPLIT_OF), None)


def split_of_path(path: str | Path, root: Path) -> str | None:
    """Return the split that a folder between a file and the root speaks of.

    Args:
        path: Of the file.
        root: Above it; its own name does not count.
    """
    path = Path(path)
    folders = path.relative_to(root).parts[:-1] if path.is_relative_to(root) else ()
    return next(filter(None, map(split_of, folders)), None)
