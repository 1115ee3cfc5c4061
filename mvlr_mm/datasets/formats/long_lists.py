"""Lists that have one row a label instead of one a picture."""

from ..checking.problems import Problems
from .rows import Row


def merge_long(rows: list[Row], path: str, problems: Problems) -> list[Row]:
    """Return one row a picture, where the list has one a label.

    A list is of that form if pictures repeat, no row has more than one label, and no
    row of a picture that repeats has none.

    Args:
        rows: All records of a list.
        path: The list, for the note.
        problems: Where notes go.
    """
    pictures: dict[str, list[Row]] = {}
    for row in rows:
        pictures.setdefault(str(row.image), []).append(row)
    if len(pictures) == len(rows) or not all(map(_fits, pictures.values())):
        return rows
    problems.note(
        f'{path}: pictures repeat, with one label a row, so the rows are put together: '
        f'{len(rows)} rows, {len(pictures)} pictures.'
    )
    return [
        group[0]._replace(labels=[label for row in group for label in row.labels])
        for group in pictures.values()
    ]


def _fits(group: list[Row]) -> bool:
    plain = all(row.absent is None and row.unknown is None for row in group)
    counts = [len(row.labels) for row in group]
    return plain and max(counts) <= 1 and (len(group) == 1 or min(counts) == 1)
