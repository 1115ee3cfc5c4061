"""What is said about labels that cannot be read."""

import difflib
from collections.abc import Iterable


def unknown_label(label: str, names: Iterable[str], where: str) -> str:
    """Return the message for a label that no class has.

    Args:
        label: The label as it was read.
        names: The label names that there are.
        where: The file and the place in it.
    """
    lower = {name.lower(): name for name in names}
    near = difflib.get_close_matches(label.lower(), lower, cutoff=0)
    nearest = ', '.join(repr(lower[name]) for name in near)
    return (
        f'{where}: unknown label {label!r}, not among the {len(lower)} classes; '
        f'nearest: {nearest}. Mend the label, or add it to classes.'
    )
