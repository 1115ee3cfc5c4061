"""Files of annotations that belong to one picture each."""

import os
from collections.abc import Sequence
from pathlib import Path

from ...datasets.checking.problems import Problems
from ..names import NAME_FILES
from ..record import Record
from ..tree import Tree


def text_files(tree: Tree) -> list[tuple[Path, Path]]:
    """Return the text files that go with a picture, and the picture of each.

    It lies beside the file, or where ``images`` stands for ``labels`` in the path
    below the root.

    Args:
        tree: The source.

    Raises:
        ValueError: Two pictures share the file.
    """
    at: dict[Path, list[Path]] = {}
    for path in tree.pictures:
        at.setdefault(path.with_suffix(''), []).append(path)
    found = []
    for path in tree.with_suffix('.txt'):
        if path.name in NAME_FILES:
            continue
        place = path.with_suffix('')
        parts = place.relative_to(tree.root).parts
        there = ['images' if part == 'labels' else part for part in parts]
        pictures = at.get(place) or at.get(tree.root.joinpath(*there)) or []
        if len(pictures) > 1:
            raise ValueError(
                f'{path} can be that of {pictures[0]} or {pictures[1]}; keep one.'
            )
        found += [(path, picture) for picture in pictures]
    return found


def note_without(
    tree: Tree, records: Sequence[Record], what: str, problems: Problems
) -> None:
    """Say which pictures are left out, since nobody knows what they show.

    Args:
        tree: The source.
        records: Of the others.
        what: They lack.
        problems: Where the note goes.
    """
    used = {record.image for record in records}
    without = [str(p) for p in tree.pictures if os.path.normpath(p) not in used]
    if without:
        problems.note(
            f'{len(without)} pictures have no {what} that was read, and are left out, '
            f'first: {without[0]}.'
        )
