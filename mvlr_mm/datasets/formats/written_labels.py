"""What the labels of a list mean: names, or indices into the classes."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from ...labels.known import READABLE
from ...near_names import same_letters
from ..checking.problems import RAISED, Problems
from .label_messages import unknown_label

_NUMBER = r'-?\d{1,18}'


class WrittenLabels:
    """Reads labels that stand for some classes.

    A label is a name, in any composition of its letters, or an index. Where a class has
    a number as its name, a number is a name.

    Args:
        classes: The label names in index order.
    """

    def __init__(self, classes: Sequence[str]) -> None:
        self.classes = tuple(classes)
        self._index_of = {name: i for i, name in enumerate(classes)}
        self._alike: dict[str, str | None] = {}  # what was looked for among all names
        self._numbers_are_names = any(re.fullmatch(_NUMBER, name) for name in classes)

    def indices(
        self, labels: Iterable[Any], where: str, problems: Problems = RAISED
    ) -> set[int]:
        """Return the indices of the labels of a record.

        Args:
            labels: Texts and numbers as they were read.
            where: The file and the place in it, for messages.
            problems: Where problems go.

        Raises:
            ValueError: A label is unknown, out of range, or occurs twice.
        """
        found: set[int] = set()
        for label in labels:
            with problems.one_record():
                index = self.index(label, where)
                if index in found:
                    raise ValueError(
                        f'{where} has the label {self.classes[index]!r} twice; keep it '
                        f'once{_one_hot_advice(labels, len(self.classes))}.'
                    )
                found.add(index)
        return found

    def index(self, label: Any, where: str) -> int:
        """Return the index of a label.

        Args:
            label: Its name, or its index as a number or as a text.
            where: The file and the place in it, for messages.

        Raises:
            ValueError: It is unknown, out of range, or can be read in two ways.
        """
        if isinstance(label, str):
            for name in (label, READABLE.get(label)):
                if name in self._index_of:
                    return self._index_of[name]
            if self._numbers_are_names or not re.fullmatch(_NUMBER, label):
                if label not in self._alike:
                    self._alike[label] = same_letters(label, self._index_of)
                name = self._alike[label]
                if name is None:
                    raise ValueError(unknown_label(label, self.classes, where))
                return self._index_of[name]
            label = int(label)
        if not isinstance(label, int) or isinstance(label, bool):
            raise ValueError(f'{where}: label {label!r} must be a name or an index.')
        count = len(self.classes)
        if not 0 <= label < count:
            raise ValueError(
                f'{where}: label {label} is out of range; there are {count} classes, '
                f'so an index lies in 0 to {count - 1}.'
            )
        if self._numbers_are_names and self.classes[label] != str(label):
            raise ValueError(
                f'{where}: label {label} can be an index, {self.classes[label]!r}, or '
                'a name, since classes are named by numbers; write names, as texts.'
            )
        return label


def _one_hot_advice(labels: Iterable[Any], count: int) -> str:
    if not all(str(label) in ('0', '1') for label in labels):
        return ''
    return (
        f', or write {count} values of 0 and 1 in every record if they are one value '
        'a class'
    )
