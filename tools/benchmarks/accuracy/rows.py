"""The rows of a comparison: configs, and the paper's rows on one of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mvlr_mm.paper import TABLES


@dataclass(frozen=True)
class Row:
    """A model of the comparison.

    Args:
        name: Of the row; no other has it.
        config: Path of the config.
        overrides: Values by dotted keys, which make this row of the config.
    """

    name: str
    config: str
    overrides: Mapping[str, Any] = field(default_factory=dict, hash=False)


def chosen_rows(configs: Sequence[str], tables: Sequence[str], base: str) -> list[Row]:
    """Return a row for each config, then those of the paper's tables.

    A model that stands in several tables is one row, by the name that came first.

    Args:
        configs: Paths, each a row named after its file.
        tables: Names of the paper's tables.
        base: Config of the full model, which the tables' rows change.

    Raises:
        ValueError: There is no row, or two files have one name.
    """
    rows: list[Row] = []
    for row in _asked(configs, tables, base):
        if any((r.config, r.overrides) == (row.config, row.overrides) for r in rows):
            continue
        if any(r.name == row.name for r in rows):
            raise ValueError(
                f'two configs are named {row.name}, last {row.config}; a row is named '
                'after its file, so give one of them another name.'
            )
        rows.append(row)
    if not rows:
        raise ValueError('there is nothing to compare; give --configs or --tables.')
    return rows


def _asked(configs: Sequence[str], tables: Sequence[str], base: str) -> Iterator[Row]:
    for config in configs:
        yield Row(Path(config).stem, config)
    for table in tables:
        for row in TABLES[table].rows:
            yield Row(f'{table}: {row.name}', base, dict(row.overrides))
