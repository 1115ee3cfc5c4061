"""Checks of arguments that all parts of the package share."""

from collections.abc import Collection


def check_choice(name: str, value: object, choices: Collection) -> None:
    """Refuse a value that is not among the choices.

    Raises:
        ValueError: It is not; the message names the argument and the choices.
    """
    if value not in choices:
        raise ValueError(f'{name} ({value!r}) must be one of {tuple(choices)}.')
