"""The rows of a comparison: configs, and the paper's rows on one of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mvlr_mm.paper import FULL, TABLES


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

    A model that stands in several tables is one row, by the name that came first. Where
    a table's rows are other values of the same parts, they train with the setting of
    the full model.

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
    full = Path(base).stem if base in configs else None
    for table in tables:
        names = {row.name: f'{table}: {row.name}' for row in TABLES[table].rows}
        if full is None:
            full = next(
                names[r.name] for r in TABLES[table].rows if r.overrides == FULL
            )
        for row in TABLES[table].rows:
            tuned = TABLES[table].of_parts or row.overrides == FULL
            name, overrides = names[row.name], dict(row.overrides)
            yield Row(name, base, overrides, None if tuned else full)
