"""Tags of pictures in one file: json lines, csv or parquet."""

import codecs
import csv
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from mvlr_stack.outputs import whole_file

from ..apis.tagged import Tagged
from ..extras import require

_BETWEEN = ';'
_COLUMNS = ('path', 'tags', 'scores', 'error')
_GROUP = 10_000  # rows that parquet writes together
_LONGEST = 2**31 - 1  # letters of a cell of csv
# Names of files need be no UTF-8; json reads the escapes back.
_TEXT = dict(encoding='utf-8', errors='backslashreplace', newline='')


class ResultRow(NamedTuple):
    """The tags of a picture, or why there are none."""

    path: str
    tags: Sequence[str]  # best first
    scores: Sequence[float]
    error: str | None = None


Write = Callable[[ResultRow], None]


def result_row(found: Tagged) -> ResultRow:
    """Return what a model says of a picture as a row."""
    tags, scores = ([pair[i] for pair in found.tags] for i in (0, 1))
    return ResultRow(found.path, tags, scores, found.error)


def text_of(path: str) -> str:
    """Return a path as a text, also where its bytes are no UTF-8."""
    return path.encode('utf-8', 'backslashreplace').decode()


@contextmanager
def rows_writer(path: str) -> Iterator[Write]:
    """Write rows into a file, which is there when the block ends without an error.

    Args:
        path: ``.jsonl``, ``.csv`` or ``.parquet``; ``-`` is standard output in json
            lines.

    Yields:
        What takes a row. It raises a ValueError if a tag cannot be written.
    """
    if path == '-':
        # what a locale cannot say, it would escape otherwise than json does
        plain = codecs.lookup(sys.stdout.encoding or 'utf-8').name != 'utf-8'
        yield lambda row: print(_as_json(row, plain), flush=True)
        return
    with whole_file(path) as draft, FORMATS[Path(path).suffix][0](draft) as write:
        yield write


def read_rows(path: str | Path) -> list[ResultRow]:
    """Return the rows of a file of :func:`rows_writer`.

    Args:
        path: The file.

    Raises:
        ImportError: pyarrow is missing, for parquet.
        OSError: It cannot be read.
        ValueError: It is no such file.
    """
    try:
        return list(FORMATS[Path(path).suffix][1](Path(path)))
    except (AttributeError, LookupError, TypeError, ValueError, csv.Error) as error:
        raise ValueError(
            f'{path} is no file of results ({error!r}); name another.'
        ) from error


def _as_json(row: ResultRow, ascii_alone: bool = False) -> str:
    if row.error is not None:
        found = {'path': row.path, 'error': row.error}
        return json.dumps(found, ensure_ascii=ascii_alone)
    pairs = zip(row.tags, row.scores, strict=True)
    tags = [{'label': tag, 'score': round(score, 6)} for tag, score in pairs]
    return json.dumps({'path': row.path, 'tags': tags}, ensure_ascii=ascii_alone)


@contextmanager
def _write_json(path: Path) -> Iterator[Write]:
    with path.open('w', **_TEXT) as file:
        yield lambda row: print(_as_json(row), file=file)


def _read_json(path: Path) -> Iterator[ResultRow]:
    with path.open(**_TEXT) as file:
        for line in file:
            found = json.loads(line)
            tags = found.get('tags', ())
            labels, scores = ([tag[key] for tag in tags] for key in ('label', 'score'))
            yield ResultRow(found['path'], labels, scores, found.get('error'))


def check_tags(path: str, tags: Iterable[str]) -> None:
    """Refuse tags that a file of :func:`rows_writer` cannot hold.

    Args:
        path: The file.
        tags: All that it may have to hold.

    Raises:
        ValueError: It cannot hold one of them.
    """
    if Path(path).suffix == '.csv':
        _check_csv(tags)


def _check_csv(tags: Iterable[str]) -> None:
    for tag in tags:
        if _BETWEEN in tag:
            raise ValueError(
                f'{tag!r} has a {_BETWEEN} in it, which stands between two tags of '
                'csv; write .jsonl.'
            )


@contextmanager
def _write_csv(path: Path) -> Iterator[Write]:
    with path.open('w', **_TEXT) as file:
        rows = csv.writer(file, lineterminator='\n')
        # before Python 3.13, \r has no quotes around it by itself, and ends a row
        quoted = csv.writer(file, lineterminator='\n', quoting=csv.QUOTE_ALL)
        rows.writerow(_COLUMNS)

        def write(row: ResultRow) -> None:
            _check_csv(row.tags)
            scores = _BETWEEN.join(f'{score:.6f}' for score in row.scores)
            cells = [row.path, _BETWEEN.join(row.tags), scores, row.error or '']
            (quoted if '\r' in ''.join(cells) else rows).writerow(cells)

        yield write


@contextmanager
def _long_cells() -> Iterator[None]:
    """Let a cell of csv be as long as the names of thousands of labels."""
    before = csv.field_size_limit(_LONGEST)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _read_csv(path: Path) -> Iterator[ResultRow]:
    with _long_cells(), path.open(**_TEXT) as file:
        rows = csv.DictReader(file)
        if tuple(rows.fieldnames or ()) != _COLUMNS:
            raise ValueError(f'its columns are {rows.fieldnames}, not {_COLUMNS}')
        for row in rows:
            tags, scores = (
                row[key].split(_BETWEEN) if row[key] else [] for key in _COLUMNS[1:3]
            )
            numbers = [float(score) for score in scores]
            yield ResultRow(row['path'], tags, numbers, row['error'] or None)


def record_of(row: ResultRow) -> dict[str, Any]:
    """Return a row as parquet has it."""
    error = None if row.error is None else text_of(row.error)
    return row._replace(path=text_of(row.path), error=error)._asdict()


def arrow_schema() -> Any:
    """Return the columns of parquet and their types, as pyarrow has them."""
    arrow = require('pyarrow', extra='tag')
    text = arrow.string()
    kinds = (text, arrow.list_(text), arrow.list_(arrow.float32()), text)
    return arrow.schema(list(zip(_COLUMNS, kinds, strict=True)))


@contextmanager
def _write_parquet(path: Path) -> Iterator[Write]:
    arrow = require('pyarrow', extra='tag')
    parquet = require('pyarrow.parquet', extra='tag')
    schema = arrow_schema()
    waiting: list[dict] = []

    def flush() -> None:
        if waiting:  # a group of no rows has no statistics, which `tally` reads
            table.write_table(arrow.Table.from_pylist(waiting, schema))
            waiting.clear()

    def write(row: ResultRow) -> None:
        waiting.append(record_of(row))
        if len(waiting) == _GROUP:
            flush()

    with parquet.ParquetWriter(path, schema) as table:
        yield write
        flush()


@contextmanager
def damage_as_value_error() -> Iterator[None]:
    """Turn what pyarrow raises on damaged files into one kind of error, on one line.

    Raises:
        ValueError: In place of an OSError that the system knows nothing of.
    """
    try:
        yield
    except OSError as error:
        if error.errno is not None:
            raise
        raise ValueError(' '.join(str(error).split())) from error


def _read_parquet(path: Path) -> Iterable[ResultRow]:
    parquet = require('pyarrow.parquet', extra='tag')
    with damage_as_value_error():
        rows = parquet.read_table(path).to_pylist()
    return [ResultRow(*(row[key] for key in _COLUMNS)) for row in rows]


def read_paths(path: str | Path) -> Iterator[str]:
    """Yield the paths of the pictures in a parquet file of :func:`rows_writer`.

    Args:
        path: The file.
    """
    parquet = require('pyarrow.parquet', extra='tag')
    with parquet.ParquetFile(path) as file:
        for batch in file.iter_batches(_GROUP, columns=['path']):
            yield from batch.column(0).to_pylist()


FORMATS: dict[
    str,
    tuple[
        Callable[[Path], AbstractContextManager[Write]],
        Callable[[Path], Iterable[ResultRow]],
    ],
] = {
    '.jsonl': (_write_json, _read_json),
    '.csv': (_write_csv, _read_csv),
    '.parquet': (_write_parquet, _read_parquet),
}
