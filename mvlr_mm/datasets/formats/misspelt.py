"""Names of fields that look like those that are read."""

import difflib
import functools

_SHORT = 4


@functools.cache
def looks_like(key: str, known: tuple[str, ...]) -> str | None:
    """Return the known name that a key differs from by little, or None.

    Case, ``_``, ``-`` and spaces do not count. A name of up to four letters is met by
    these alone, since a letter more makes another word of it.

    Args:
        key: A name that is not read.
        known: Those that are.
    """
    forms = {_letters(name): name for name in known}
    form = _letters(key)
    long = [name for name in forms if len(name) > _SHORT]
    near = difflib.get_close_matches(form, long, 1, cutoff=0.85)
    return forms.get(form) or (forms[near[0]] if near else None)


def check_key(key: str, known: tuple[str, ...], where: str) -> None:
    """Stop at a key, heading or element that looks like one that is read.

    Args:
        key: One that is not read.
        known: Those that are.
        where: The file and the place in it, for the message.

    Raises:
        ValueError: It differs from one of them by little.
    """
    near = looks_like(key, known)
    if near is not None:
        raise ValueError(
            f'{where}: {key!r} is not read, and looks like {near!r}; write it so, or '
            'give it a name of its own.'
        )


def _letters(key: str) -> str:
    return ''.join(char for char in key.casefold() if char not in '_- ')
