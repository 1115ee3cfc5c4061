"""One folder a label."""

import hashlib
from collections import defaultdict
from pathlib import Path

from ...datasets.checking.problems import Problems
from ..record import Record, Source, split_of
from ..tree import Tree


def read_folders(tree: Tree, problems: Problems) -> Source:
    """Read ``<label>/<picture>``, or ``<split>/<label>/<picture>``.

    The same file in the folders of several labels is one picture with all of them.

    Args:
        tree: The source.
        problems: Where problems go.

    Raises:
        ValueError: No picture lies in a folder, all in that of one label, or all in
            folders that are splits.
    """
    depth = {path: path.relative_to(tree.root).parts for path in tree.pictures}
    tops = {parts[0] for parts in depth.values() if len(parts) > 1}
    if not tops:
        raise ValueError(
            f'{tree.root}: its pictures have neither annotations nor the folder of a '
            'label around them.'
        )
    others = [path.name for path in tree.files if path not in depth]
    unread = f'not read: {len(others)} files, such as {others[0]}' if others else ''
    depths = set(map(len, depth.values()))
    splits = {split_of(top) for top in tops}
    # labels such as "bullet train" and "steam train" speak of one split alone
    if None not in splits and len(splits) > 1 and depths <= {1, 2}:
        why = f'its pictures lie in folders of splits, {", ".join(sorted(tops))}'
        raise ValueError(_not_understood(tree, why, unread))
    by_split = None not in splits and 3 in depths
    wanted = 3 if by_split else 2
    rows: dict[tuple[str | None, str], list[Path]] = {}
    groups = defaultdict(list)
    for path in tree.pictures:
        with problems.one_record():
            parts = depth[path]
            if len(parts) != wanted:
                shape = 'SPLIT/LABEL/picture' if by_split else 'LABEL/picture'
                raise ValueError(
                    f'{path}: its place must be {shape} below {tree.root}.'
                )
            split = split_of(parts[0]) if by_split else None
            groups[split, path.stat().st_size].append(path)
    for (split, _), paths in groups.items():
        for path in paths:
            key = _digest(path) if len(paths) > 1 else str(path)
            rows.setdefault((split, key), []).append(path)
    records = [
        Record(str(same[0]), str(same[0]), _labels(same), split=split)
        for (split, _), same in rows.items()
    ]
    records.sort(key=lambda record: record.image)
    names = {label for record in records for label in record.labels}
    if len(names) == 1:
        why = (
            f'all pictures lie in one folder, {min(names)!r}, which as a label would '
            'be on every one'
        )
        raise ValueError(_not_understood(tree, why, unread))
    if unread:
        problems.note(f'{tree.root}: {unread}.')
    several = sum(len(record.labels) > 1 for record in records)
    if several:
        problems.note(
            f'{several} pictures lie in several folders, and have the labels of all.'
        )
    places = sum(len(record.labels) for record in records)
    copies = sum(map(len, rows.values())) - places
    if copies:
        problems.note(f'{copies} copies in the folder of the picture are left out.')
    return Source('one folder a label', records, [])


def _not_understood(tree: Tree, why: str, unread: str) -> str:
    return (
        f'{tree.root}: no annotations are understood, and {why}; name the file of the '
        'annotations, in one of the forms that the guide lists'
        + (f' ({unread}).' if unread else '.')
    )


def _labels(paths: list[Path]) -> list[str]:
    return sorted({path.parent.name for path in paths})


def _digest(path: Path) -> str:
    return hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()
