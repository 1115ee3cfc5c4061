"""The rows of a comparison: configs, and the paper's rows on one of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
        tuned_as: Name of the row whose setting this one trains with; None if it is
            tuned itself.
    """

    name: str
    config: str
    overrides: Mapping[str, Any] = field(default_factory=dict, hash=False)
    tuned_as: str | None = None


def chosen_rows(configs: Sequence[str], tables: Sequence[str], base: str) -> list[Row]:
    """Return a row for each config, then those of the paper's tables.

    A model that stands in several tables is one row, by the name that came first. The
    tables' rows are one system, which is tuned once, by its full model.

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
    full = {row.config: row.name for row in rows if not row.overrides}
    return [
        replace(row, tuned_as=full.get(row.config)) if row.overrides else row
        for row in rows
    ]


def _asked(configs: Sequence[str], tables: Sequence[str], base: str) -> Iterator[Row]:
    for config in configs:
        yield Row(Path(config).stem, config)
    for table in tables:
        for row in TABLES[table].rows:
            yield Row(f'{table}: {row.name}', base, dict(row.overrides))
