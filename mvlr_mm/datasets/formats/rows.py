"""A record of a list, and the names of its parts."""

import difflib
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


def check_key(key: str, where: str) -> None:
    """Stop at a key, or heading, that looks like one that is read.

    Args:
        key: One that is not read.
        where: The file and the place in it, for the message.

    Raises:
        ValueError: It differs from one of :data:`KEYS` by little.
    """
    near = difflib.get_close_matches(key.strip().lower(), KEYS, 1, cutoff=0.85)
    if near:
        raise ValueError(
            f'{where}: {key!r} is not read, and looks like {near[0]!r}; write it so, '
            'or give it a name of its own.'
        )


def note_unread(keys: Iterable[str], path: str, problems: Problems) -> None:
    """Say which keys, or columns, of a list are not read.

    Args:
        keys: Their names.
        path: The list.
        problems: Where notes go.
    """
    if names := ', '.join(map(repr, sorted(set(keys)))):
        problems.note(f'{path}: {names} not read, only {", ".join(KEYS)}.')
