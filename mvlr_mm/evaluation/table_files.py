"""Tables of labels in files: csv and json."""

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from mvlr_stack.outputs import whole_file, write_text

from .label_table import ComparisonRow, LabelRow
from .protocols import Protocol

_JSON_BEGINS = '{\n "protocol": {'


def write_table(
    path: str | Path,
    rows: Sequence[LabelRow],
    protocol: Protocol,
    numbers: Mapping[str, float],
    thresholds: str | None = None,
) -> None:
    """Write the rows as csv, or rows, protocol and numbers as json, by the suffix.

    In full precision; where there is no value, csv has an empty field and json null.

    Args:
        path: The file; its folder is made.
        rows: What :func:`label_table` returned.
        protocol: What was computed.
        numbers: What :func:`evaluate` returned.
        thresholds: The file of thresholds that replaced the protocol's, if one did.

    Raises:
        ValueError: The suffix is neither.
    """
    check_table_path(path)
    if Path(path).suffix == '.csv':
        _write_csv(path, LabelRow._fields, rows)
        return
    content = {
        'protocol': asdict(protocol),
        'thresholds': thresholds,
        'numbers': {key: _known(value) for key, value in numbers.items()},
        'labels': [
            {key: _known(value) for key, value in row._asdict().items()} for row in rows
        ],
    }
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
    write_text(path, text + '\n')


def write_comparison(
    path: str | Path, rows: Sequence[ComparisonRow], models: Sequence[str]
) -> None:
    """Write the AP of several models as csv, as :func:`write_table` does.

    Args:
        path: The file.
        rows: What :func:`~mvlr_mm.evaluation.label_table.compare_ap` returned.
        models: Names of the models, in the order of the columns.
    """
    flat = ((row.name, row.support, *row.ap) for row in rows)
    _write_csv(path, ('label', 'support', *models), flat)


def check_table_path(path: str | Path) -> None:
    """Refuse a path that :func:`write_table` could not write.

    Raises:
        ValueError: Its suffix is neither .csv nor .json.
    """
    if Path(path).suffix not in ('.csv', '.json'):
        raise ValueError(f'the table {path} must be a .csv or a .json file.')


def check_replaceable(path: str | Path) -> None:
    """Refuse a place where something else lies than a table of :func:`write_table`.

    Such as the annotations, which are often called labels.csv.

    Raises:
        FileExistsError: It does.
    """
    path = Path(path)
    if not path.is_file():
        return
    begins = ','.join(LabelRow._fields) if path.suffix == '.csv' else _JSON_BEGINS
    with path.open('rb') as file:
        if file.read(len(begins)) != begins.encode():
            raise FileExistsError(
                f'the table {path} would replace a file that is no such table; name '
                'another.'
            )


def _write_csv(
    path: str | Path, header: Sequence[str], rows: Iterable[Sequence[object]]
) -> None:
    with (
        whole_file(path) as draft,
        draft.open('w', newline='', encoding='utf-8') as file,
    ):
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows([_known(value) for value in row] for row in rows)


def _known(value: object) -> object:
    missing = isinstance(value, float) and not np.isfinite(value)
    return None if missing else value
