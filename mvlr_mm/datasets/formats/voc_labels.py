"""The labels of a picture as PASCAL VOC gives them."""

from typing import NamedTuple


class VOCLabels(NamedTuple):
    """Label indices of a picture."""

    present: set[int]  # at least one object that is not difficult
    difficult: set[int]  # objects, all of them difficult
