"""A table of the paper beside the same rows on one's own pictures."""

from collections.abc import Sequence

from ..markdown_table import escaped_name, markdown_table
from .measured import Measured
from .settings import notes, title
from .tables import METRICS, TABLES, Numbers


def side_by_side(name: str, measured: Sequence[Measured]) -> str:
    """Return a table in Markdown; a row that no run has filled stays empty.

    Args:
        name: One of :data:`~mvlr_mm.paper.tables.TABLES`.
        measured: Results, a column for each set of pictures.
    """
    table = TABLES[name]
    header = [
        f'{title(name)}: {" ".join(METRICS)}',
        'paper: MS-COCO',
        'paper: NUS-WIDE',
    ]
    rows = [
        [row.name, _cell(row.coco), _cell(row.nuswide)]
        + [_own(found.of(row.overrides)) for found in measured]
        for row in table.rows
    ]
    header += [f'here: {escaped_name(found.name)} (seeds)' for found in measured]
    lines = [f'{title(name).capitalize()}, {table.title}', '']
    lines += [markdown_table(header, rows), '', *notes({name: table})]
    return '\n'.join(lines).rstrip() + '\n'


def _cell(numbers: Numbers | None) -> str:
    return '' if numbers is None else ' '.join(f'{x:.1f}' for x in numbers)


def _own(found: tuple[Numbers, int] | None) -> str:
    if found is None:
        return ''
    numbers, seeds = found
    return f'{" ".join(f"{x:.2f}" for x in numbers)} ({seeds})'
