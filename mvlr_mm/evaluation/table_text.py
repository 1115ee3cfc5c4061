"""Tables of labels as text."""

from collections.abc import Sequence

import numpy as np
from rich.cells import cell_len

from ..markdown_table import escaped_name, markdown_table
from ..shown_text import pad, printable, shorten
from .columns import Matrix
from .label_table import ComparisonRow, LabelRow
from .protocols import Protocol, describe

NO_VALUE = '-'
WIDEST = 48  # cells of a name; of a longer one the middle is left out


def format_table(
    rows: Sequence[LabelRow],
    protocol: Protocol,
    targets: Matrix,
    thresholds: str | None = None,
) -> str:
    """Return the rows as text, with what was computed below them.

    Args:
        rows: What :func:`label_table` returned.
        protocol: The protocol of the rows.
        targets: What it was given, 1 present, 0 absent, -1 unknown, (N, C).
        thresholds: The file of thresholds that replaced the protocol's, if one did.
    """
    names = [shorten(printable(row.name), WIDEST) for row in rows]
    width = max(map(cell_len, ['label', *names]))
    lines = [f'{"label":{width}} support     AP      P      R     F1 best thr']
    for name, row in zip(names, rows, strict=True):
        shares = ' '.join(_cell(x, '6.2f') for x in row[2:6])
        best = _cell(row.best_threshold, '8.3g')
        lines.append(f'{pad(name, width)} {row.support:7} {shares} {best}')
    targets = np.asarray(targets)
    unknown = int((targets < 0).all(axis=0).sum())
    empty = sum(np.isnan(row.ap) for row in rows) - unknown
    fate = {
        'skip': 'are left out of mAP',
        'zero': 'count as AP 0 in mAP',
        'nan': 'make mAP nan',
    }[protocol.empty]
    lines.append(
        f'{len(targets)} images; {empty} of {len(rows)} labels have no positive image '
        f'and {fate}. Best thr is that of the highest F1 on these images.'
    )
    if unknown:
        fate = 'count nowhere' if protocol.unknown == 'skip' else 'are left out of mAP'
        lines.append(f'{unknown} labels of which nothing is known {fate}.')
    lines.append(f'Protocol {describe(protocol)}.')
    if thresholds is not None:
        lines.append(f'Thresholds of {thresholds} in place of thr.')
    return '\n'.join(lines)


def format_comparison(rows: Sequence[ComparisonRow], models: Sequence[str]) -> str:
    """Return the rows as a Markdown table that reads well unrendered too.

    Args:
        rows: What :func:`~mvlr_mm.evaluation.label_table.compare_ap` returned.
        models: Names of the models, in the order of the columns.
    """
    header = ['label', 'support', *map(escaped_name, models)]
    values = [
        [escaped_name(row.name), str(row.support), *(_cell(x, '.1f') for x in row.ap)]
        for row in rows
    ]
    return markdown_table(header, values)


def _cell(value: float, form: str) -> str:
    return f'{NO_VALUE:>{form.split(".")[0]}}' if np.isnan(value) else f'{value:{form}}'
