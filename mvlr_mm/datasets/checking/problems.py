"""Problems of annotations: the first one is raised, or all of them are collected."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from mmengine.logging import print_log


class Problems:
    """Lets the first problem stop the reading, as a training wants it.

    Whatever reads annotations is given one of these, or a :class:`CollectedProblems`.
    """

    found: Sequence[str] = ()

    @contextmanager
    def one_record(self) -> Iterator[None]:
        """Keep a problem to the record that has it, where problems are collected.

        Raises:
            FileNotFoundError, ValueError: As raised inside, where they are not.
        """
        yield

    def note(self, text: str) -> None:
        """Say how something was understood that could have been meant otherwise."""
        print_log(text, 'current')


class CollectedProblems(Problems):
    """Lets the reading go on after a problem; what has one is left out.

    Attributes:
        found: The texts of the problems.
        notes: What was noted.
    """

    def __init__(self) -> None:
        self.found: list[str] = []
        self.notes: list[str] = []

    @contextmanager
    def one_record(self) -> Iterator[None]:
        """Keep a problem to the record that has it."""
        try:
            yield
        except (FileNotFoundError, ValueError) as error:
            self.found.append(str(error))

    def note(self, text: str) -> None:
        """Keep the text."""
        self.notes.append(text)


RAISED = Problems()
