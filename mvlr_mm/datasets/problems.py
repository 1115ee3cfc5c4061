"""Problems of annotations: the first one is raised, or all of them are collected."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_collected: ContextVar[list[str] | None] = ContextVar('collected', default=None)


@contextmanager
def collect_problems() -> Iterator[list[str]]:
    """Let data sets that are built inside go on after a problem.

    Yields:
        The list that the problems are added to. A data set leaves out what has one, and
        does not look whether its pictures exist.
    """
    found: list[str] = []
    token = _collected.set(found)
    try:
        yield found
    finally:
        _collected.reset(token)


def is_collecting() -> bool:
    """Say whether problems are collected rather than raised."""
    return _collected.get() is not None


@contextmanager
def one_record() -> Iterator[None]:
    """Keep a problem to the record that has it, where problems are collected.

    Raises:
        FileNotFoundError, ValueError: As raised inside, where problems are not
            collected.
    """
    try:
        yield
    except (FileNotFoundError, ValueError) as error:
        found = _collected.get()
        if found is None:
            raise
        found.append(str(error))
