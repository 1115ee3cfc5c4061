"""Read lists of pictures and labels: csv, json lines, plain text."""

import csv
import io
import os.path as osp
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from ..checking.problems import RAISED, Problems
from .files import parse_json, read_text, require_keys

# Keys, or columns, that make a record a partially labelled one.
MARKS = ('absent', 'unknown')


class Row(NamedTuple):
    """A line of a list, its labels as they were read."""

    line: int
    image: Any
    labels: Sequence[Any]
    absent: Sequence[Any] | None = None
    unknown: Sequence[Any] | None = None


def read_list(
    path: str, sep: str | Sequence[str] | None = None, problems: Problems = RAISED
) -> Iterator[Row]:
    """Yield the lines of a list; the suffix tells the format.

    Args:
        path: ``.jsonl``, ``.csv``, or anything else for text; UTF-8.
        sep: What stands between two labels of csv and text, one string or several; None
            is ``;`` in csv and white space in text.
        problems: Where problems go.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is not UTF-8, or a line breaks a rule of the format.
    """
    seps = (sep,) if isinstance(sep, str) else sep
    text, suffix = read_text(path), osp.splitext(path)[1].lower()
    if suffix == '.jsonl':
        return _read_jsonl(text, path, problems)
    if suffix == '.csv':
        return _read_csv(text, path, seps or (';',), problems)
    return _read_text(text, seps)


def _read_jsonl(text: str, path: str, problems: Problems) -> Iterator[Row]:
    # not splitlines(): it also splits at U+2028, which json allows in a string
    for line, content in enumerate(text.split('\n'), 1):
        if not content.strip():
            continue
        where, row = f'{path}:{line}', None
        with problems.one_record():
            record = parse_json(content, where)
            require_keys(record, ('image', 'labels'), where)
            for key in ('labels', *MARKS):
                if not isinstance(record.get(key, []), list):
                    raise ValueError(
                        f'{where}: {key} ({record[key]!r}) must be a list; '
                        'write [] for a picture without labels.'
                    )
            marks = {key: record.get(key) for key in MARKS}
            row = Row(line, record['image'], record['labels'], **marks)
        if row:
            yield row


def _read_csv(
    text: str, path: str, seps: Sequence[str], problems: Problems
) -> Iterator[Row]:
    rows = csv.DictReader(io.StringIO(text, newline=''))
    try:
        columns = rows.fieldnames or []
        if not {'image', 'labels'} <= set(columns):
            raise ValueError(
                f"{path}:1: the first line must name the columns 'image' and "
                f"'labels', separated by commas; it names {list(columns)}."
            )
        for record in rows:
            if None in record or None in record.values():
                with problems.one_record():
                    raise ValueError(
                        f'{path}:{rows.line_num}: the line must have {len(columns)} '
                        'columns, as the first; put quotes around a value that '
                        'contains a comma.'
                    )
                continue
            marks = {key: _split(record[key], seps) for key in MARKS if key in record}
            labels = _split(record['labels'], seps)
            yield Row(rows.line_num, record['image'], labels, **marks)
    except csv.Error as error:
        raise ValueError(
            f'{path}:{rows.line_num} is not valid csv: {error}; mend the line.'
        ) from error


def _read_text(text: str, seps: Sequence[str] | None) -> Iterator[Row]:
    for line, content in enumerate(text.split('\n'), 1):
        content = content.strip('\r ')
        if content:
            path, _, labels = content.partition('\t' if '\t' in content else ' ')
            yield Row(line, path, _split(labels, seps))


def _split(labels: str, seps: Sequence[str] | None) -> list[str]:
    pattern = '|'.join(map(re.escape, seps)) if seps else r'\s+'
    return [part.strip() for part in re.split(pattern, labels) if part.strip()]
