"""Read lists of pictures and labels in json: a record a line, or one array."""

import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ..checking.problems import Problems
from .files import parse_json, require_keys
from .misspelt import check_key
from .rows import KEYS, MARKS, Row, note_unread


def read_json_lines(text: str, path: str, problems: Problems) -> Iterator[Row]:
    """Yield the records of a text with one json object a line.

    Args:
        text: The text.
        path: Its file, for messages.
        problems: Where problems go.

    Raises:
        ValueError: A line is no json object, or breaks a rule.
    """
    # not splitlines(): a string in json may hold other ends of lines
    lines = ((f'{path}:{i}', line) for i, line in enumerate(text.split('\n'), 1))
    records = ((where, line) for where, line in lines if line.strip())
    return _rows(records, parse_json, path, problems)


def read_json_array(text: str, path: str, problems: Problems) -> Iterator[Row]:
    """Yield the records of a text that is one json array of objects.

    Args:
        text: The text.
        path: Its file, for messages.
        problems: Where problems go.

    Raises:
        ValueError: The text is no json array, or a record breaks a rule.
    """
    content = parse_json(text, path)
    if not isinstance(content, list):
        raise ValueError(f'{path} must be a json array of records{_advice(content)}.')
    records = ((f'{path}: record {i}', record) for i, record in enumerate(content))
    return _rows(records, lambda record, where: record, path, problems)


def is_json(text: str) -> bool:
    """Say whether a text, or its first line, is a json object or array."""
    for part in (text, text.lstrip().partition('\n')[0]):
        if part.lstrip()[:1] in ('{', '['):
            try:
                return isinstance(json.loads(part), (dict, list))
            except ValueError:
                continue
    return False


def _rows(
    records: Iterable[tuple[str, Any]],
    parse: Callable[[Any, str], Any],
    path: str,
    problems: Problems,
) -> Iterator[Row]:
    unread: set[str] = set()
    for where, content in records:
        row = None
        with problems.one_record():
            record = parse(content, where)
            require_keys(record, ('image', 'labels'), where)
            for key in record.keys() - unread - set(KEYS):
                check_key(key, KEYS, where)
                unread.add(key)
            for key in ('labels', *MARKS):
                if not isinstance(record.get(key, []), list):
                    raise ValueError(
                        f'{where}: {key} ({record[key]!r}) must be a list; '
                        'write [] for a picture without labels.'
                    )
            marks = {key: record.get(key) for key in MARKS}
            row = Row(where, record['image'], record['labels'], **marks)
        if row:
            yield row
    note_unread(unread, path, problems)


def _advice(content: Any) -> str:
    if not isinstance(content, dict):
        return f', not {type(content).__name__}'
    if 'annotations' in content and 'categories' in content:
        return "; this one is in COCO's format, which COCOMultiLabel reads"
    if 'data_list' in content:
        return "; this one is in mmpretrain's format, which MultiLabelDataset reads"
    return f', not an object with {sorted(content)[:5]}'
