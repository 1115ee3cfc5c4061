"""Csv in any usual layout: a column of labels, or a column a label."""

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ...apis.picture_sources import SUFFIXES
from ...datasets.checking.problems import Problems
from ...datasets.formats.csv_lists import check_columns
from ...datasets.formats.files import read_text
from ...datasets.formats.misspelt import check_key
from ...datasets.formats.rows import MARKS, Row
from ..record import split_of
from .cells import find_separator, split_cell

IMAGE = ('image', 'images', 'img', 'filename', 'filepath', 'file', 'path', 'imagepath')
IMAGE += (
    'imagename',
    'imgpath',
    'imgname',
    'imageindex',
    'imageid',
    'picture',
    'photo',
)
IMAGE += ('name', 'id')  # the first of these that is there
LABELS = (
    'labels',
    'label',
    'tags',
    'tag',
    'classes',
    'class',
    'categories',
    'category',
)
SPLIT = ('split', 'subset', 'partition', 'set')
_STATES = dict.fromkeys(('1', '1.0', 'true', 'yes'), True)
_STATES |= dict.fromkeys(('0', '0.0', 'false', 'no'), False)


class Table(NamedTuple):
    """What a csv file says."""

    form: str
    rows: list[Row]
    splits: list[str | None]  # of each row
    classes: tuple[str, ...] | None  # the columns, where there is one a label


def read_table(
    path: Path, sep: str | None, classes: Sequence[str] | None, problems: Problems
) -> Table:
    """Read a csv or tsv file with a line of headings.

    Args:
        path: The file.
        sep: What stands between two labels of a cell; None finds out.
        classes: All names, if they are known: no other column is a label.
        problems: Where problems go.

    Raises:
        ValueError: No column, or more than one, can be what is needed.
    """
    text = read_text(str(path))
    delimiter = max(',\t;', key=text.partition('\n')[0].count)
    reader = csv.DictReader(io.StringIO(text, newline=''), delimiter=delimiter)
    try:
        columns = list(reader.fieldnames or [])
        records = [(reader.line_num, record) for record in reader]
    except csv.Error as error:
        raise ValueError(
            f'{path}:{reader.line_num} is not valid csv: {error}.'
        ) from error
    _check_headings(columns, path)
    cells = []
    for line, record in records:
        with problems.one_record():
            check_columns(record, len(columns), path, line)
            cells.append((f'{path}:{line}', record))
    image = _image_column(columns, cells, path)
    marks = [column for column in columns if column in MARKS]
    split = next((c for c in columns if c.strip().lower() in SPLIT), None)
    others = [c for c in columns if c not in (image, split)]
    labels = [c for c in others if c.strip().lower() in LABELS]
    if len(labels) > 1:
        raise ValueError(
            f'{path}: the columns {labels} can all be the labels; keep one.'
        )
    if labels:
        sep = sep or find_separator(cells, [labels[0], *marks], classes or (), path)
        rows = _rows_of_cells(cells, image, labels[0], marks, sep, problems)
        form, names = f'csv, labels in the column {labels[0]!r}', None
        used = [labels[0], *marks]
    else:
        _check_marks(marks, cells, path)
        used = _label_columns(others, cells, classes, path)
        rows = _rows_of_columns(cells, image, used, problems)
        form, names = (
            f'csv, a column of 0 and 1 for each of {len(used)} labels',
            tuple(used),
        )
    unread = [column for column in others if column not in used]
    for column in unread:
        _check_signs(column, cells, path)
    if unread:
        problems.note(f'{path}: {", ".join(map(repr, unread))} not read.')
    lines = dict(cells)
    splits = [
        split and _split(lines[row.where][split], split, row.where) for row in rows
    ]
    return Table(form, rows, splits, names)


def _is_picture(text: str) -> bool:
    return text.strip().lower().endswith(SUFFIXES)


def _check_headings(columns: list[str], path: Path) -> None:
    if columns and columns[0].lower().startswith('sep='):
        raise ValueError(
            f'{path}:1: {columns[0]!r} is a note for a spreadsheet; take the line out, '
            'so that the first one names the columns.'
        )
    if not columns or any(map(_is_picture, columns)):
        raise ValueError(
            f'{path}:1: the first line must name the columns, such as image,labels; it '
            f'is {columns}.'
        )
    twice = {column for column in columns if columns.count(column) > 1}
    if twice:
        raise ValueError(f'{path}:1: the column {min(twice)!r} occurs twice.')
    for column in columns:
        if column not in MARKS and column.strip().lower() not in (*LABELS, *IMAGE):
            check_key(column, MARKS, f'{path}:1')


def _image_column(columns: list[str], cells: list, path: Path) -> str:
    plain = {re.sub(r'[\W_]', '', column.lower()): column for column in columns}
    named = next((plain[name] for name in IMAGE if name in plain), None)
    if named is not None:
        return named
    found = [
        column
        for column in columns
        if cells and all(_is_picture(record[column]) for _, record in cells)
    ]
    if len(found) != 1:
        raise ValueError(
            f'{path}: no column of {columns} is that of the pictures; call it image.'
        )
    return found[0]


def _check_marks(marks: list[str], cells: list, path: Path) -> None:
    """Stop at a column of labels that are not known; one of 0 and 1 is a label."""
    for column in marks:
        if not all(record[column].strip().lower() in _STATES for _, record in cells):
            raise ValueError(
                f'{path}: the column {column!r} goes with a column of labels, which is '
                'not there; call it labels, or write 0 or 1 in every cell of '
                f'{column!r} if that is a label.'
            )


def _check_signs(column: str, cells: list, path: Path) -> None:
    """Stop at a column of 1 and -1, which would be a label that nobody learns."""
    found = {record[column].strip() for _, record in cells}
    if '-1' in found and found <= {'-1', '0', '1', ''}:
        raise ValueError(
            f'{path}: the column {column!r} holds -1, and a label is 1 where it is '
            'there and 0 where it is absent: write 0 in the place of -1; or take the '
            'column out, if it is no label.'
        )


def _label_columns(
    others: list[str], cells: list, classes: Sequence[str] | None, path: Path
) -> list[str]:
    """Return the columns of which most cells hold 0 or 1; all have to."""
    if classes is not None:
        missing = [name for name in classes if name not in others]
        if missing:
            raise ValueError(
                f'{path} has neither a column of labels nor one for {missing[0]!r}.'
            )
        return list(classes)
    found = []
    for column in others:
        known = sum(record[column].strip().lower() in _STATES for _, record in cells)
        if 2 * known > len(cells):
            found.append(column)
    if not found:
        raise ValueError(
            f'{path} has no column of labels: call it labels, or write a column of 0 '
            f'and 1 a label. Its columns: {others}.'
        )
    return found


def _rows_of_columns(
    cells: list, image: str, labels: list[str], problems: Problems
) -> list[Row]:
    rows = []
    for where, record in cells:
        with problems.one_record():
            present = []
            for label in labels:
                value = record[label].strip().lower()
                if value not in _STATES:
                    raise ValueError(
                        f'{where}: {label} ({record[label]!r}) must be 0 or 1; a list '
                        'of names can have a column `unknown` as well.'
                    )
                if _STATES[value]:
                    present.append(label)
            rows.append(Row(where, record[image], present))
    return rows


def _rows_of_cells(
    cells: list,
    image: str,
    labels: str,
    marks: list[str],
    sep: str,
    problems: Problems,
) -> list[Row]:
    rows = []
    for where, record in cells:
        with problems.one_record():
            more = {key: split_cell(record[key], sep, where) for key in marks}
            found = split_cell(record[labels], sep, where)
            rows.append(Row(where, record[image], found, **more))
    return rows


def _split(cell: str, column: str, where: str) -> str:
    split = split_of(cell)
    if split is None:
        raise ValueError(f'{where}: {column} ({cell!r}) must be train, val or test.')
    return split
