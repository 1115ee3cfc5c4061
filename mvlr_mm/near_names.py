"""Names that are near another one, for messages about a name that is not there."""

import difflib
import unicodedata
from collections.abc import Collection, Iterable


def nearest_names(name: str, names: Iterable[str], cutoff: float = 0.0) -> str:
    """Return the up to three nearest names, quoted, for a message.

    Case and the composition of letters do not count: é may be one code point or two.
    A name that looks just like the wanted one is shown with its code points as well.

    Args:
        name: The name that is wanted.
        names: Those that there are.
        cutoff: How near a name has to be, from 0 to 1.
    """
    forms: dict[str, list[str]] = {}
    for other in names:
        forms.setdefault(folded(other), []).append(other)
    near = difflib.get_close_matches(folded(name), forms, cutoff=cutoff)
    found = [other for form in near for other in forms[form]][:3]
    return ', '.join(quoted(other, name) for other in found)


def same_letters(name: str, names: Collection[str]) -> str | None:
    """Return the name itself, or the only one of the same letters; None without one.

    Args:
        name: The name that is wanted.
        names: Those that there are.
    """
    if name in names:
        return name
    alike = [other for other in names if composed(other) == composed(name)]
    return alike[0] if len(alike) == 1 else None


def quoted(name: str, beside: str) -> str:
    """Return a name in quotes, with its code points if another one looks the same.

    Args:
        name: The name.
        beside: Another one in the same message.
    """
    alike = name != beside and composed(name) == composed(beside)
    return f'{name!r} (other code points: {name!a})' if alike else repr(name)


def composed(name: str) -> str:
    """Return a name with its letters composed: é is one code point then."""
    return unicodedata.normalize('NFC', name)


def folded(name: str) -> str:
    """Return a name for comparing: its letters composed, without their case."""
    return composed(name).casefold()
