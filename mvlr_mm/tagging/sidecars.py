"""Tags of a picture in a file beside it."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from mvlr_stack.outputs import whole_file

from .xmp import EMPTY, with_tags

_SEPARATOR = ', '


def sidecar_path(picture: str | Path, kind: str) -> Path:
    """Return where the sidecar of a picture is.

    ``photo.txt`` for text. For XMP ``photo.jpg.xmp``, as digiKam and darktable name it;
    or ``photo.xmp``, as Adobe's programs do, where that is there and the other is not.

    Args:
        picture: Path of the picture.
        kind: A key of :data:`SIDECARS`.
    """
    path = Path(os.path.expanduser(picture))
    if kind == 'txt':
        return path.with_suffix('.txt')
    long, short = path.with_name(f'{path.name}.xmp'), path.with_suffix('.xmp')
    return short if short.exists() and not long.exists() else long


def write_sidecar(path: Path, kind: str, tags: Sequence[str], keep: bool) -> None:
    """Write tags into a sidecar, whole or not at all.

    Args:
        path: The sidecar; it need not exist.
        kind: A key of :data:`SIDECARS`.
        tags: The tags, best first.
        keep: Whether tags that are there stay. What else an XMP holds always does.

    Raises:
        OSError: It cannot be read or written.
        ValueError: What is there cannot be edited, or a tag cannot be written.
    """
    before = path.read_bytes() if path.exists() else None
    try:
        after = SIDECARS[kind](before, tags, keep)
    except ValueError as error:
        raise ValueError(f'{path} cannot be written: {error}') from error
    if after != before:
        with whole_file(path) as draft:
            draft.write_bytes(after)


def _text(before: bytes | None, tags: Sequence[str], keep: bool) -> bytes:
    """Return a line of tags with commas between them, as captions of trainings are."""
    unfit = [tag for tag in tags if ',' in tag or '\n' in tag]
    if unfit:
        raise ValueError(f'{unfit[0]!r} has a comma or a line end in it; use xmp.')
    there = before.decode('utf-8-sig').rstrip() if before and keep else ''
    known = {tag.strip() for line in there.splitlines() for tag in line.split(',')}
    new = [tag for tag in tags if tag not in known]
    if there and not new:
        return before
    return (_SEPARATOR.join(filter(None, [there.rstrip(', '), *new])) + '\n').encode()


def _xmp(before: bytes | None, tags: Sequence[str], keep: bool) -> bytes:
    return with_tags(before or EMPTY, tags, keep)


# From what is there, the tags, and whether those that are there stay, to what will be.
SIDECARS: dict[str, Callable[[bytes | None, Sequence[str], bool], bytes]] = {
    'txt': _text,
    'xmp': _xmp,
}
