"""Checks of arguments that all parts of the package share."""

import math
import operator
from collections.abc import Collection
from numbers import Integral, Real

_BOUNDS = {
    'above': operator.gt,
    'at_least': operator.ge,
    'below': operator.lt,
    'at_most': operator.le,
}


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


def check_number(
    name: str, value: object, or_none: bool = False, **bounds: float
) -> None:
    """Refuse what is no finite number, or not within bounds; booleans are no numbers.

    Args:
        name: The argument's.
        value: What it is.
        or_none: None is a value, too.
        bounds: ``above``, ``at_least``, ``below``, ``at_most``.

    Raises:
        ValueError: It is not; the message names the argument and the bounds.
    """
    if or_none and value is None:
        return
    number = isinstance(value, Real) and not isinstance(value, bool)
    number = number and math.isfinite(value)
    if number and all(_BOUNDS[kind](value, bounds[kind]) for kind in bounds):
        return
    rules = ' and '.join(f'{kind} {bounds[kind]}' for kind in bounds)
    rule = f', {rules}'.replace('_', ' ') if bounds else ''
    more = ', or None' if or_none else ''
    raise ValueError(f'{name} ({value!r}) must be a finite number{rule}{more}.')
