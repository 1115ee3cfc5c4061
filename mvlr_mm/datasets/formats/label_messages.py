"""What is said about labels that cannot be read."""

from collections.abc import Iterable

from ...near_names import nearest_names


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
        f'nearest: {nearest_names(label, names)}. Mend the label, or add it to classes.'
    )
