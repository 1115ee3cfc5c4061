"""Read and check a list of label names; used by models and data sets alike."""

import html
import json
import os
import re
from collections.abc import Sequence
from pathlib import Path

from ..near_names import quoted
from .known import KNOWN_LABELS

_PIECES = r"'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+"
_HEADINGS = {'name', 'names', 'class', 'classes', 'category', 'label', 'labels'}
_NUMBERS = {'id', 'index', 'idx', 'number'}  # beside them, of columns
# "0 cat", "0,cat", "0. cat", "0) cat"; not "0.5 litres"
_NUMBERED = re.compile(r'\(?(\d+)(?:[\s,;:|=)\]]|\.(?!\d))')


def read_label_names(classes: Sequence[str] | str | Path) -> tuple[str, ...]:
    """Return label names, checked.

    Args:
        classes: The names; a key of :data:`mvlr_mm.labels.known.KNOWN_LABELS`
            (``coco``, ``voc`` ...); or the path of a file, in which ``~`` is the home
            folder: a json list (``.json``), or a UTF-8 text file with one name a line.

    Raises:
        FileNotFoundError: The path leads to no file.
        ValueError: The file is no list of names, or :func:`check_label_names` fails.
    """
    source = 'classes'
    if isinstance(classes, str) and classes in KNOWN_LABELS:
        return KNOWN_LABELS[classes]
    if isinstance(classes, (str, Path)):
        source = f'classes ({classes})'
        classes = _from_file(Path(os.path.expanduser(classes)), source)
    return check_label_names(tuple(classes), source)


def check_label_names(names: tuple[str, ...], source: str) -> tuple[str, ...]:
    """Return label names as they are, checked.

    Args:
        names: The names.
        source: Where they come from, for the message.

    Raises:
        ValueError: There is none, or one is empty, no whole text, occurs twice or is
            another one's to a text tower.
    """
    if not names:
        raise ValueError(f'{source} is empty; give at least one label name.')
    first: dict[str, int] = {}
    for i, name in enumerate(names):
        text = as_tower_reads(name) if isinstance(name, str) else ''
        if not text:
            raise ValueError(
                f'{source}: entry {i} ({name!r}) must be a name that is not empty.'
            )
        if not _is_unicode(name):
            raise ValueError(
                f'{source}: entry {i} ({name!r}) holds half of a character, which no '
                'file in UTF-8 can, nor a checkpoint; write the name anew.'
            )
        before = first.setdefault(text, i)
        if names[before] == name and before != i:
            raise ValueError(
                f'{source}: {name!r} occurs twice, at {before} and {i}; '
                'label names must be distinct.'
            )
        if before != i:
            raise ValueError(
                f'{source}: {names[before]!r} and {quoted(name, names[before])}, at '
                f'{before} and {i}, are the same to a text tower, {text!r}, and would '
                'have equal scores for ever; rename one of the two, or merge them.'
            )
    return names


def _is_unicode(text: str) -> bool:
    # as bytes of another encoding in a file's name, and lone escapes in json, become
    return not any('\ud800' <= character <= '\udfff' for character in text)


def as_tower_reads(name: str) -> str:
    """Return a name as CLIP's tokenizer reads it; equal results are equal tokens.

    What `CLIP's tokenizer <https://github.com/openai/CLIP>`_ does before its byte
    pairs: mend the text with ftfy (Unicode's composition, ligatures, wide letters,
    curly quotes), resolve html entities twice, make it lower case, and find words,
    single digits, and runs of other signs. White space separates them and is lost.

    Args:
        name: A label name.
    """
    import ftfy  # both come with open_clip; here they would delay every `--help`
    import regex

    text = html.unescape(html.unescape(ftfy.fix_text(name)))
    return ' '.join(regex.findall(_PIECES, text.lower()))


def _from_file(path: Path, source: str) -> Sequence[str]:
    if not path.is_file():
        raise FileNotFoundError(
            f'{source}: no such file; give the path of a json list or of a text file '
            'with one name a line, or the names themselves.'
        )
    try:
        text = path.read_text(encoding='utf-8-sig')
        names = json.loads(text) if path.suffix.lower() == '.json' else None
    except ValueError as error:  # bad encoding or bad json
        raise ValueError(f'{source} cannot be read: {error}.') from error
    if names is None:
        return _from_lines(text, source)
    if not isinstance(names, list):
        raise ValueError(
            f'{source} must hold a json list of names, not {type(names).__name__}.'
        )
    return names


def _from_lines(text: str, source: str) -> list[str]:
    """Return the names of a text, one a line.

    Raises:
        ValueError: The lines hold more than names.
    """
    # not splitlines(): a name may hold what else Unicode calls the end of a line
    names = [line.strip() for line in text.split('\n') if line.strip()]
    words = set(re.findall(r'[^\W_]+', names[0].lower())) if names else set()
    if len(names) > 1 and words & _HEADINGS and words <= _HEADINGS | _NUMBERS:
        raise ValueError(
            f'{source}: the first line, {names[0]!r}, looks like a heading; take it '
            'out, or write a json list if it is a label.'
        )
    numbers = [_NUMBERED.match(name) for name in names]
    if len(names) > 1 and all(numbers):
        found = [int(number[1]) for number in numbers]
        if found == list(range(found[0], found[0] + len(found))):
            raise ValueError(
                f'{source}: every line begins with a number, as {names[0]!r}; write '
                'the names alone, in this order, or a json list if the numbers belong '
                'to the names.'
            )
    return names
