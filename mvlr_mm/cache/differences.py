"""Why pictures that are kept may not be those that are wanted."""

from collections.abc import Iterator, Sequence

import numpy as np

from ..stores.reasons import first, other_pictures, other_pipeline
from .index import Index
from .sources import changed_files


def differences(kept: Index, wanted: Index, whole: bool) -> Iterator[str]:
    """Yield the reasons why kept pictures are not those that are wanted.

    Args:
        kept: Of a folder.
        wanted: Of a config; without the splits that are not needed.
        whole: Whether all must be the same; else what is wanted must be among the kept.
    """
    for split, pictures in wanted.pictures.items():
        yield from other_pictures(split, kept.pictures.get(split), pictures, whole)
    for split, steps in wanted.steps.items():
        yield from other_pipeline(split, kept.steps.get(split, steps), steps)
    more = sorted(set(kept.steps) - set(wanted.steps))
    if whole and more:
        yield f'lists: {", ".join(more)} there, and not wanted'


def changed_pictures(
    split: str, paths: Sequence[str], rows: np.ndarray
) -> Iterator[str]:
    """Yield that files of a split, with the bytes that they had, hold something else.

    Args:
        split: Its name.
        paths: Of its pictures.
        rows: What was kept of each, (paths,) of ``SOURCE``.
    """
    changed = changed_files(paths, rows)
    if changed:
        count = len(changed)
        yield f'pictures: {count} files of {split} have changed: {first(changed)}'
