"""Read lists of pictures and labels in csv."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ..checking.problems import Problems
from .misspelt import check_key
from .rows import KEYS, MARKS, Row, note_unread


def read_csv(
    text: str, path: str, split: Callable[[str], list[str]], problems: Problems
) -> Iterator[Row]:
    """Yield the rows below a line of headings.

    Args:
        text: The text.
        path: Its file, for messages.
        split: Returns the labels of a cell.
        problems: Where problems go.

    Raises:
        ValueError: The headings lack a column or have it twice, or a line has more or
            fewer columns than they.
    """
    rows = csv.DictReader(io.StringIO(text, newline=''))
    try:
        columns = rows.fieldnames or []
        _check_headings(columns, path)
        note_unread(set(columns) - {*KEYS, ''}, path, problems)
        for record in rows:
            where, row = f'{path}:{rows.line_num}', None
            with problems.one_record():
                check_columns(record, len(columns), path, rows.line_num)
                marks = {key: split(record[key]) for key in MARKS if key in record}
                labels = split(record['labels'])
                row = Row(where, record['image'], labels, **marks)
            if row:
                yield row
    except csv.Error as error:
        raise ValueError(
            f'{path}:{rows.line_num} is not valid csv: {error}; mend the line.'
        ) from error


def check_columns(record: dict, count: int, path: str | Path, last: int) -> None:
    """Check that a record has a cell for each column, and no more.

    Args:
        record: Its cells, as ``csv.DictReader`` gives them.
        count: Of the columns.
        path: The file.
        last: The line where the record ends.

    Raises:
        ValueError: It has not.
    """
    if None not in record and None not in record.values():
        return
    rest = record.get(None) or []  # what is behind the last column
    cells = [*rest, *(x for name, x in record.items() if name is not None and x)]
    breaks = sum(cell.rstrip('\n').count('\n') for cell in cells)
    place, fix = str(last), 'put quotes around a value that contains a comma'
    if breaks:
        place = f'{last - breaks}-{last}'
        fix = 'a quote that opens in the first of these lines is not closed there'
    raise ValueError(
        f'{path}:{place}: the line must have {count} columns, as the first; {fix}.'
    )


def _check_headings(columns: Sequence[str], path: str) -> None:
    where = f'{path}:1'
    if not {'image', 'labels'} <= set(columns):
        raise ValueError(
            f"{where}: the first line must name the columns 'image' and 'labels', "
            f'separated by commas; it names {list(columns)}.'
        )
    for key in columns:
        if key not in KEYS:
            check_key(key, KEYS, where)
        elif columns.count(key) > 1:
            raise ValueError(
                f'{where}: the column {key!r} occurs {columns.count(key)} times; write '
                'all labels of a picture into one.'
            )
