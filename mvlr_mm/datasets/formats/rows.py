"""A record of a list, and the names of its parts."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from ..checking.problems import Problems

# Keys, or columns, that make a record a partially labelled one.
MARKS = ('absent', 'unknown')
KEYS = ('image', 'labels', *MARKS)


class Row(NamedTuple):
    """A record of a list, its labels as they were read."""

    where: str  # file and line, or file and number
    image: Any
    labels: Sequence[Any]
    absent: Sequence[Any] | None = None
    unknown: Sequence[Any] | None = None


def note_unread(keys: Iterable[str], path: str, problems: Problems) -> None:
    """Say which keys, or columns, of a list are not read.

    Args:
        keys: Their names.
        path: The list.
        problems: Where notes go.
    """
    if names := ', '.join(map(repr, sorted(set(keys)))):
        problems.note(f'{path}: {names} not read, only {", ".join(KEYS)}.')
