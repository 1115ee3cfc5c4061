"""What ``--cfg-options KEY=VALUE`` means for a config.

A value is what Python reads in it: a number, ``None``, ``True``, a list, tuple or dict,
a text in quotes. Any other value is a text as it stands, with its spaces and commas.
Two forms of mmengine are kept: ``true`` and ``false``, and lists without quotes:
``[a,b]`` unless the config has a text there, ``a,b`` where it has a list or a tuple.
"""

import ast
import difflib
import re
from typing import Any

MISSING = object()
_NAMED = {name: float(name) for name in ('inf', '-inf', 'nan')}
_NAMED |= {'true': True, 'false': False}
# A text is true, always; so what is, or nearly is, one of these is none.
_LIKE_BOOLS = ('true', 'false', 'yes', 'no', 'on', 'off', 't', 'f', 'y', 'n')
_LIKE_NUMBER = re.compile(r"[+-]?\.?\d[\d.,' ]*(e[+-]?\d+)?", re.IGNORECASE).fullmatch
_CLOSING = {'[': ']', '(': ')', '{': '}'}


def read_value(word: str, before: Any = MISSING) -> Any:
    """Return what a word of the command line stands for.

    Args:
        word: What stands behind the equals sign.
        before: What the config has in that place; :data:`MISSING` for nothing.

    Raises:
        ValueError: A list, tuple or dict is wanted and the word is none; or the config
            has True or False there and the word is neither, though it sounds like it;
            or it has a number, and the word is one as other languages write it.
    """
    if word in _NAMED:
        return _NAMED[word]
    is_text, is_list = isinstance(before, str), isinstance(before, (list, tuple))
    bare = word.strip()
    value = _literal(bare)
    if isinstance(before, bool) and value is MISSING and _sounds_like_bool(bare):
        raise ValueError(f'{word!r} must be True or False, in the place of {before}.')
    if isinstance(value, tuple) and not bare.startswith('('):  # '1, 2'
        value = MISSING
    if type(before) in (int, float) and value is MISSING and _LIKE_NUMBER(bare):
        raise ValueError(
            f'{word!r} must be a number as Python writes it, in the place of {before}: '
            '0.5 or 10000, without commas or spaces. Several need brackets: "(1, 2)".'
        )
    # what a template has braces for is no dict
    if value is not MISSING and not (is_text and '{}' in bare and bare[0] in '[({'):
        return value
    if is_text:
        return str(word)
    if bare[:1] in _CLOSING:
        if bare[0] == '{' or not bare.endswith(_CLOSING[bare[0]]):
            raise ValueError(
                f'{word!r} begins like a list, tuple or dict, but Python cannot read '
                'it; put names in quotes, or all of it if it is a text.'
            )
        parts = [read_value(part.strip()) for part in _split(bare[1:-1])]
        return parts if bare[0] == '[' else tuple(parts)
    if is_list:
        parts = [read_value(part.strip()) for part in _split(bare)]
        return type(before)(parts)
    return str(word)


def _sounds_like_bool(text: str) -> bool:
    near = difflib.get_close_matches(text.casefold(), _LIKE_BOOLS, n=1, cutoff=0.75)
    return bool(near)


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return MISSING


def _split(text: str) -> list[str]:
    """Return what stands between the commas that are in no quotes and no brackets."""
    parts, depth, quote = [''], 0, ''
    for character in text:
        if character == ',' and not depth and not quote:
            parts.append('')
            continue
        parts[-1] += character
        if quote or character in '\'"':
            quote = '' if character == quote else quote or character
        else:
            depth += (character in '[({') - (character in '])}')
    return parts if parts[-1].strip() else parts[:-1]  # as Python: '1,' is one
