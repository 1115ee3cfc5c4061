"""Lists of pictures and labels: csv, json lines, json, text."""

from collections.abc import Sequence
from pathlib import Path

from ...datasets.checking.problems import Problems
from ...datasets.formats.lists import read_list
from ...datasets.formats.long_lists import merge_long
from ...datasets.formats.one_hot import read_one_hot
from ...datasets.formats.rows import Row
from ..names import find_names
from ..record import Record, Source, split_of
from ..tree import Tree
from .cells import SEPARATORS
from .tables import read_table

TABLES = ('.csv', '.tsv')
SUFFIXES = (*TABLES, '.jsonl', '.ndjson', '.json', '.txt', '.lst')


def read_lists(
    files: Sequence[Path],
    tree: Tree,
    classes: tuple[str, ...] | None,
    sep: str | None,
    problems: Problems,
) -> Source:
    """Read lists, of which each is a split where its name says so.

    Args:
        files: Of them.
        tree: Where the pictures are.
        classes: The names, if they are known; else those of a file beside the lists.
        sep: What stands between two labels of csv and text.
        problems: Where problems go; a record with one is left out.

    Raises:
        ValueError: As for :func:`~.tables.read_table`; or what separates the labels of
            a text cannot be told.
    """
    read: list[Path] = []
    for folder in (files[0].parent, tree.root):
        if classes is None:
            classes, read = find_names(folder)
    forms, records, columns = [], [], None
    for path in files:
        split = split_of(path.stem)
        if path.suffix.lower() in TABLES:
            form, rows, splits, found = read_table(path, sep, classes, problems)
            if columns is not None and found != columns:
                raise ValueError(f'{path} has other columns of labels than {files[0]}.')
            columns = found
        else:
            form, rows = _form(path), list(read_list(str(path), sep, problems))
            splits = [None] * len(rows)
            if form == 'text' and sep is None and classes is None:
                _refuse_two_ways(rows, path)
        split_at = {
            row.where: own or split for row, own in zip(rows, splits, strict=True)
        }
        forms.append(form)
        if classes is not None and columns is None:
            rows = read_one_hot(rows, classes, str(path), problems)
        for split, own in _by_split(rows, split_at).items():
            for row in merge_long(own, str(path), problems):
                with problems.one_record():
                    records.append(_record(row, path, split, tree))
    form = ', '.join(dict.fromkeys(forms))
    names = ', '.join(path.name for path in files)
    return Source(f'{form} ({names})', records, [*files, *read], columns or classes)


def _by_split(
    rows: Sequence[Row], split_at: dict[str, str | None]
) -> dict[str | None, list[Row]]:
    """Return the rows of each split: names of pictures may repeat in another one."""
    found: dict[str | None, list[Row]] = {}
    for row in rows:
        found.setdefault(split_at[row.where], []).append(row)
    return found


def _form(path: Path) -> str:
    return {'.txt': 'text', '.lst': 'text', '.json': 'json'}.get(
        path.suffix.lower(), 'json lines'
    )


def _refuse_two_ways(rows: Sequence[Row], path: Path) -> None:
    """Stop where spaces separate labels, and one looks like several."""
    labels = [label for row in rows for label in row.labels]
    sign = next((s for s in SEPARATORS if any(s in label for label in labels)), None)
    if sign is not None:
        label = next(label for label in labels if sign in label)
        raise ValueError(
            f'{path} has {label!r}, where white space separates labels: by --sep '
            f"'{sign}' it stands between labels, and by --sep ' ' it belongs to names."
        )


def _record(row: Row, path: Path, split: str | None, tree: Tree) -> Record:
    image = tree.find(row.image, path.parent, split, row.where)
    return Record(row.where, image, row.labels, row.absent, row.unknown, split)
