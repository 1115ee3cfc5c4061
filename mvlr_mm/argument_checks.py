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
    check_whole(name, value, or_none, at_least=1)


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
    _check('a finite number', Real, name, value, or_none, bounds)


def check_template(name: str, value: object) -> None:
    """Refuse what is no text with one place for a label, ``{}``.

    Raises:
        ValueError: It is none; the message names the argument.
    """
    if not isinstance(value, str) or value.count('{}') != 1:
        raise ValueError(
            f"{name} ({value!r}) must be a text with one '{{}}', where the label goes, "
            "such as 'A photo of a {}.'"
        )


def check_whole(
    name: str, value: object, or_none: bool = False, **bounds: float
) -> None:
    """Refuse what is no whole number, or not within bounds, as :func:`check_number`."""
    _check('a whole number', Integral, name, value, or_none, bounds)


def _check(
    what: str,
    kind: type,
    name: str,
    value: object,
    or_none: bool,
    bounds: dict[str, float],
) -> None:
    if or_none and value is None:
        return
    number = isinstance(value, kind) and not isinstance(value, bool)
    number = number and -math.inf < value < math.inf
    if number and all(_BOUNDS[word](value, bounds[word]) for word in bounds):
        return
    rules = ' and '.join(f'{word} {bounds[word]}' for word in bounds)
    rule = f', {rules}'.replace('_', ' ') if bounds else ''
    more = ', or None' if or_none else ''
    raise ValueError(f'{name} ({value!r}) must be {what}{rule}{more}.')
