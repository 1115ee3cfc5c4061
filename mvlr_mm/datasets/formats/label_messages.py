"""What is said about labels that cannot be read."""

import functools
from collections.abc import Iterable

from ...near_names import nearest_names

# one look through all names takes long, and a wrong label stands in many records
_nearest = functools.lru_cache(maxsize=1024)(nearest_names)


def unknown_label(label: str, names: Iterable[str], where: str) -> str:
    """Return the message for a label that no class has.

    Args:
        label: The label as it was read.
        names: The label names that there are.
        where: The file and the place in it.
    """
    names = tuple(names)
    return (
        f'{where}: unknown label {label!r}, not among the {len(names)} classes; '
        f'nearest: {_nearest(label, names)}. Mend the label, or add it to classes.'
    )
