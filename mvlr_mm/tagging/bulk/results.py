"""What a folder of results holds."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from ...extras import require
from ..result_files import damage_as_value_error, read_paths
from .known import KnownNames
from .manifest import PARTS


class Tally(NamedTuple):
    """How many pictures have a row, and how many of those an error."""

    rows: int
    failed: int


def known_names(folder: str | Path) -> KnownNames:
    """Return the pictures that have rows.

    Args:
        folder: Of the results; it need not be there.

    Raises:
        ValueError: A part is damaged.
    """
    known = KnownNames()
    for path in sorted(Path(folder).glob(PARTS)):
        with _named(path):
            known.update(read_paths(path))
    return known


def tally(folder: str | Path) -> Tally:
    """Count the rows, by what the parts say of themselves.

    Args:
        folder: Of the results.

    Raises:
        ValueError: A part is damaged.
    """
    parquet = require('pyarrow.parquet', extra='tag')
    rows = failed = 0
    for path in Path(folder).glob(PARTS):
        with _named(path):
            about = parquet.read_metadata(path)
        rows += about.num_rows
        for i in range(about.num_row_groups):
            group = about.row_group(i)
            if not group.num_rows:  # as earlier versions ended a part of full groups
                continue
            columns = map(group.column, range(group.num_columns))
            (errors,) = (c for c in columns if c.path_in_schema == 'error')
            failed += group.num_rows - errors.statistics.null_count
    return Tally(rows, failed)


@contextmanager
def _named(part: Path) -> Iterator[None]:
    """Say which part is damaged, and what to do."""
    try:
        with damage_as_value_error():
            yield
    except ValueError as error:
        raise ValueError(
            f'{part} is damaged: {error}; remove it, and its pictures are tagged again.'
        ) from error
