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
        problems: Where notes go, and rows that say what another has said.

    Raises:
        ValueError: A row has the picture and the label of another.
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
    return [_merged(group, problems) for group in pictures.values()]


def _merged(group: list[Row], problems: Problems) -> Row:
    said: dict[str, Row] = {}
    for row in group:
        for label in row.labels:
            before = said.setdefault(str(label), row)
            if before is not row:
                with problems.one_record():
                    raise ValueError(
                        f'{row.where} gives {row.image} the label {label!r}, as '
                        f'{before.where} does already; keep one of the rows.'
                    )
    kept = {id(row): row for row in said.values()}  # in their order
    labels = [label for row in kept.values() for label in row.labels]
    return group[0]._replace(labels=labels)


def _fits(group: list[Row]) -> bool:
    plain = all(row.absent is None and row.unknown is None for row in group)
    counts = [len(row.labels) for row in group]
    return plain and max(counts) <= 1 and (len(group) == 1 or min(counts) == 1)
