"""Read lists of pictures and labels in csv."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence

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
            where = f'{path}:{rows.line_num}'
            if None in record or None in record.values():
                with problems.one_record():
                    raise ValueError(
                        f'{where}: the line must have {len(columns)} columns, as the '
                        'first; put quotes around a value that contains a comma.'
                    )
                continue
            marks = {key: split(record[key]) for key in MARKS if key in record}
            yield Row(where, record['image'], split(record['labels']), **marks)
    except csv.Error as error:
        raise ValueError(
            f'{path}:{rows.line_num} is not valid csv: {error}; mend the line.'
        ) from error


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
