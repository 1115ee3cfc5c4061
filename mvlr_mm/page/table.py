"""The tags of many pictures: a table for the page, files to take away."""

from collections.abc import Sequence
from pathlib import Path

from ..tagging import rows_writer
from ..tagging.result_files import ResultRow

HEADS = ('picture', 'tags', 'what is wrong')
SUFFIXES = ('.csv', '.jsonl')


def distinct(rows: Sequence[ResultRow]) -> list[ResultRow]:
    """Return rows with a number after each name that was there before.

    Pictures of several folders may have one name, and a page is told no folders.

    Args:
        rows: In the order of the pictures.
    """
    seen: dict[str, int] = {}
    found = []
    for row in rows:
        count = seen[row.path] = seen.get(row.path, 0) + 1
        found.append(row._replace(path=f'{row.path} ({count})') if count > 1 else row)
    return found


def cells(rows: Sequence[ResultRow]) -> list[list[str]]:
    """Return the cells of a table.

    Args:
        rows: The results.
    """
    return [
        [
            row.path,
            ', '.join(
                f'{t} {s:.2f}' for t, s in zip(row.tags, row.scores, strict=True)
            ),
            row.error or '',
        ]
        for row in rows
    ]


def summary(rows: Sequence[ResultRow]) -> str:
    """Say how many pictures were tagged, and how many were not."""
    failed = sum(row.error is not None for row in rows)
    text = f'{len(rows) - failed:,} of {len(rows):,} pictures tagged'
    return f'{text}; {failed:,} could not be read.' if failed else f'{text}.'


def write_files(rows: Sequence[ResultRow], folder: Path) -> tuple[list[str], str]:
    """Write rows into files, each whole or not there.

    Args:
        rows: The results.
        folder: Of the files.

    Returns:
        Their paths, and why one of them is missing, else ``''``.
    """
    paths, missing = [], ''
    for suffix in SUFFIXES:
        path = folder / f'tags{suffix}'
        try:
            with rows_writer(str(path)) as write:
                for row in rows:
                    write(row)
        except ValueError as error:  # a label that this kind cannot hold
            missing = f'No {path.name}: {error}'
        else:
            paths.append(str(path))
    return paths, missing
