"""The label names of a source, and labels by their names."""

import re
from pathlib import Path

from ..datasets.checking.problems import Problems
from ..datasets.formats.written_labels import WrittenLabels
from ..labels.names import check_label_names, read_label_names
from .record import Record, Source

NAME_FILES = ('classes.json', 'classes.txt', 'names.txt', 'obj.names', 'classes.names')


def find_names(folder: Path) -> tuple[tuple[str, ...] | None, list[Path]]:
    """Return the names that a file in a folder says, and the file; None without one.

    Args:
        folder: The folder.

    Raises:
        ValueError: The file is no list of names.
    """
    for name in NAME_FILES:
        if (folder / name).is_file():
            return read_label_names(folder / name), [folder / name]
    return None, []


def settle_labels(
    source: Source, problems: Problems
) -> tuple[tuple[str, ...], list[Record]]:
    """Return all names in index order, and the records with names for labels.

    Args:
        source: What was found. Where it does not say the names, they are all that its
            labels have, sorted.
        problems: Where problems go; a record with one is left out.

    Raises:
        ValueError: The labels are numbers, and no names are known; or a name does not
            differ enough from another one.
    """
    records = []
    for record in source.records:
        with problems.one_record():
            _check_labels(record)
            records.append(record)
    names = source.classes
    if names is None:
        names = _all_names(records, problems)
    names = check_label_names(tuple(names), 'the labels')
    written = WrittenLabels(names)
    settled = []
    for record in records:
        with problems.one_record():
            parts = {}
            for key in ('labels', 'absent', 'unknown'):
                labels = getattr(record, key)
                if labels is not None:
                    indices = written.indices(labels, record.where)
                    parts[key] = [names[i] for i in sorted(indices)]
            _check_marks(record.where, **parts)
            settled.append(record._replace(**parts))
    return names, settled


def _labels(record: Record) -> list:
    """Return all labels that a record speaks of."""
    return [*record.labels, *(record.absent or ()), *(record.unknown or ())]


def _check_labels(record: Record) -> None:
    for label in _labels(record):
        if not isinstance(label, (str, int)) or isinstance(label, bool):
            raise ValueError(
                f'{record.where}: label {label!r} must be a name or an index.'
            )


def _all_names(records: list[Record], problems: Problems) -> tuple[str, ...]:
    found = {label for record in records for label in _labels(record)}
    if not found:
        count = len(problems.found)
        why = f'; of {count} problems the first: {problems.found[0]}' if count else '.'
        raise ValueError(
            f'none of {len(records)} records has a label, so there is nothing to '
            f'learn{why}'
        )
    numbers = [label for label in found if re.fullmatch(r'-?\d+', str(label))]
    if len(numbers) == len(found):
        raise ValueError(
            f'the labels are numbers, such as {numbers[0]}, and no file beside them '
            'says their names; give a list of names, in this order, by --classes.'
        )
    wrong = next((label for label in found if not isinstance(label, str)), None)
    if wrong is not None:
        raise ValueError(
            f'{wrong!r} is a label beside names; give all names in the order of their '
            'numbers by --classes.'
        )
    return tuple(sorted(found))


def _check_marks(
    where: str,
    labels: list[str],
    absent: list[str] | None = None,
    unknown: list[str] | None = None,
) -> None:
    if absent is not None and unknown is not None:
        raise ValueError(f'{where} has both absent and unknown; keep one.')
    both = set(labels) & {*(absent or ()), *(unknown or ())}
    if both:
        raise ValueError(f'{where}: {min(both)!r} is there, and absent or unknown.')


def distinct(records: list[Record], problems: Problems) -> list[Record]:
    """Return the records; of those that have the same picture, the first.

    Args:
        records: Of all splits.
        problems: Where the others are reported.
    """
    first: dict[str, Record] = {}
    for record in records:
        before = first.setdefault(record.image, record)
        if before is not record:
            with problems.one_record():
                raise ValueError(
                    f'{record.where} lists {record.image}, as {before.where} does '
                    'already; write one record, with the labels of both.'
                )
    return list(first.values())
