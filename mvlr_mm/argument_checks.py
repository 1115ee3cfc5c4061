"""Checks of arguments that all parts of the package share."""

from collections.abc import Collection
from numbers import Integral


def check_choice(name: str, value: object, choices: Collection) -> None:
    """Refuse a value that is not among the choices.

    Raises:
        ValueError: It is not; the message names the argument and the choices.
    """
    if value not in choices:
        raise ValueError(f'{name} ({value!r}) must be one of {tuple(choices)}.')


def check_count(name: str, value: object, or_none: bool = False) -> None:
    """Refuse what does not count anything: numbers below 1, fractions, booleans.

    Args:
        name: The argument's.
        value: What it is.
        or_none: None is a value, too.

    Raises:
        ValueError: It does not; the message names the argument.
    """
    if or_none and value is None:
        return
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        more = ', or None' if or_none else ''
        raise ValueError(
            f'{name} ({value!r}) must be a whole number of at least 1{more}.'
        )
