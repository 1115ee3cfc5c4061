"""Read lists of pictures and labels; the suffix of the file tells the format."""

import os.path as osp
import re
from collections.abc import Iterator, Sequence

from ..checking.problems import RAISED, Problems
from .csv_lists import read_csv
from .files import read_text
from .json_lists import is_json, read_json_array, read_json_lines
from .rows import Row


def read_list(
    path: str, sep: str | Sequence[str] | None = None, problems: Problems = RAISED
) -> Iterator[Row]:
    """Yield the records of a list.

    Args:
        path: ``.jsonl`` or ``.ndjson``, ``.json``, ``.csv``, or anything else for text;
            UTF-8.
        sep: What stands between two labels of csv and text, one string or several; None
            is ``;`` in csv and white space in text.
        problems: Where problems go.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is not UTF-8, or a record breaks a rule of the format.
    """
    text, suffix = read_text(path), osp.splitext(path)[1].lower()
    if suffix in ('.jsonl', '.ndjson'):
        return read_json_lines(text, path, problems)
    if suffix == '.json':
        return read_json_array(text, path, problems)
    seps = (sep,) if isinstance(sep, str) else sep
    if suffix == '.csv':
        pattern = _pattern(seps or (';',))
        return read_csv(text, path, lambda cell: _split(cell, pattern), problems)
    return _read_text(text, path, _pattern(seps) if seps else r'\s+', problems)


def _read_text(text: str, path: str, pattern: str, problems: Problems) -> Iterator[Row]:
    if is_json(text):
        raise ValueError(
            f'{path} holds json, which the suffix does not say; name it .jsonl if '
            'every line is a record, and .json if all of it is one array.'
        )
    # not splitlines(): a name may hold what else Unicode calls the end of a line
    for line, content in enumerate(text.split('\n'), 1):
        content = content.lstrip(' ')
        if not content.strip():
            continue
        where, row = f'{path}:{line}', None
        with problems.one_record():
            image, between, labels = content.partition('\t' if '\t' in content else ' ')
            if not between or (between == ' ' and not labels.strip()):
                raise ValueError(
                    f'{where}: {content!r} is a name alone; write its labels after a '
                    'space or a tab, or only the tab if the picture has none.'
                )
            row = Row(where, image, _split(labels, pattern))
        if row:
            yield row


def _pattern(seps: Sequence[str]) -> str:
    return '|'.join(map(re.escape, seps))


def _split(labels: str, pattern: str) -> list[str]:
    return [part.strip() for part in re.split(pattern, labels) if part.strip()]
