"""Read and check a list of label names; used by models and data sets alike."""

import json
from collections.abc import Sequence
from pathlib import Path

from .known_labels import KNOWN_LABELS


def read_label_names(classes: Sequence[str] | str | Path) -> tuple[str, ...]:
    """Return label names, checked.

    Args:
        classes: The names; a key of :data:`mvlr_mm.known_labels.KNOWN_LABELS`
            (``coco``, ``voc`` ...); or the path of a file: a json list (``.json``), or
            a UTF-8 text file with one name a line.

    Raises:
        FileNotFoundError: The path leads to no file.
        ValueError: The file is no list of names, or a name is empty or occurs twice.
    """
    source = 'classes'
    if classes in tuple(KNOWN_LABELS):
        return KNOWN_LABELS[classes]
    if isinstance(classes, (str, Path)):
        source = f'classes ({classes})'
        classes = _from_file(Path(classes), source)
    names = tuple(classes)
    if not names:
        raise ValueError(f'{source} is empty; give at least one label name.')
    for i, name in enumerate(names):
        if not isinstance(name, str) or not name.strip():
            raise ValueError(
                f'{source}: entry {i} ({name!r}) must be a name that is not empty.'
            )
        if name in names[:i]:
            raise ValueError(
                f'{source}: {name!r} occurs twice, at {names.index(name)} and {i}; '
                'label names must be distinct.'
            )
    return names


def _from_file(path: Path, source: str) -> Sequence[str]:
    if not path.is_file():
        raise FileNotFoundError(
            f'{source}: no such file; give the path of a json list or of a text file '
            'with one name a line, or the names themselves.'
        )
    try:
        text = path.read_text(encoding='utf-8')
        if path.suffix != '.json':
            return [line.strip() for line in text.splitlines() if line.strip()]
        names = json.loads(text)
    except ValueError as error:  # bad encoding or bad json
        raise ValueError(f'{source} cannot be read: {error}.') from error
    if not isinstance(names, list):
        raise ValueError(
            f'{source} must hold a json list of names, not {type(names).__name__}.'
        )
    return names
