"""The tags of many pictures: a table for the page, files to take away."""

from collections.abc import Sequence
from pathlib import Path

from ..report.elements import label, table, text
from ..tagging import rows_writer
from ..tagging.result_files import ResultRow

HEADS = ('picture', 'tags')
FILES = ('tags.csv', 'tags.jsonl')


def distinct(rows: Sequence[ResultRow]) -> list[ResultRow]:
    """Return rows with a number after each name that was there before.

    Pictures of several folders may have one name, and a page is told no folders.

    Args:
        rows: In the order of the pictures.
    """
    given = {row.path for row in rows}
    last: dict[str, int] = {}  # number of each name
    found = []
    for row in rows:
        number = last.get(row.path, 0) + 1
        while number > 1 and f'{row.path} ({number})' in given:
            number += 1
        last[row.path] = number
        found.append(row._replace(path=f'{row.path} ({number})') if number > 1 else row)
    return found


def rows_table(rows: Sequence[ResultRow]) -> str:
    """Return a table as HTML; what is wrong with a picture stands in place of its tags.

    Args:
        rows: The results.
    """
    cells = []
    for row in rows:
        pairs = zip(row.tags, row.scores, strict=True)
        tags = [f'<b>{label(tag)}</b> {score:.2f}' for tag, score in pairs]
        wrong = f'<span class="wrong">{text(row.error)}</span>' if row.error else ''
        cells.append([text(row.path), wrong or ', '.join(tags) or '-'])
    return table(HEADS, cells)


def summary(rows: Sequence[ResultRow]) -> str:
    """Say how many pictures were tagged, and how many were not."""
    failed = sum(row.error is not None for row in rows)
    done = f'{len(rows) - failed:,} of {len(rows):,} pictures tagged'
    return f'{done}; {failed:,} could not be read.' if failed else f'{done}.'


def write_files(
    rows: Sequence[ResultRow], folder: Path
) -> tuple[list[str | None], str]:
    """Write rows into files, each whole or not there.

    Args:
        rows: The results.
        folder: Of the files.

    Returns:
        The path of each of :data:`FILES`, None for one that cannot hold the rows; and
        why that is, else ``''``.
    """
    paths: list[str | None] = []
    missing = ''
    for name in FILES:
        path = folder / name
        try:
            with rows_writer(str(path)) as write:
                for row in rows:
                    write(row)
        except ValueError as error:  # a label that this kind cannot hold
            missing = f'No {name}: {error}'
        except OSError as error:  # whose text would tell of folders here
            missing = f'No {name}: {error.strerror}.'
        paths.append(str(path) if path.exists() else None)
    return paths, missing
