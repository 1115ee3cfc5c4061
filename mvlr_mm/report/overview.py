"""The top of the page: the numbers, and what to look at first."""

import numpy as np

from ..evaluation.joint_errors import pairs_beyond_chance
from ..evaluation.protocols import describe
from .elements import label, percent, text
from .tested import Tested

_WEAKEST = 3


def head(tested: Tested, model: str, suspects: list[np.ndarray] | None) -> str:
    """Return the numbers and the findings.

    Args:
        tested: The results.
        model: What was tested.
        suspects: Of :func:`suspected_label_errors`; None without cleanlab.
    """
    pictures, labels = tested.scores.shape
    cards = ''.join(
        f'<div class="card{" first" if name == "mAP" else ""}"><b>{percent(value)}</b>'
        f'{text(name)}</div>'
        for name, value in tested.numbers.items()
        if not name.startswith('top')
    )
    findings = ''.join(f'<li>{line}</li>' for line in _findings(tested, suspects))
    return (
        f'<p class="about">{text(model)} on {pictures:,} pictures and {labels:,} '
        f'labels. Thresholds: {text(tested.source)}. Numbers in percent, by the '
        f'protocol <span title="{text(describe(tested.protocol))}">'
        f'{text(tested.protocol.name)}</span>.</p>'
        f'<div class="cards">{cards}</div><ul>{findings}</ul>'
    )


def _findings(tested: Tested, suspects: list[np.ndarray] | None) -> list[str]:
    names, lines = tested.names, []
    measured = [i for i, row in enumerate(tested.rows) if not np.isnan(row.ap)]
    weakest = sorted(measured, key=lambda i: tested.rows[i].ap)[:_WEAKEST]
    shown = ', '.join(
        f'<b>{label(names[i])}</b> ({percent(tested.rows[i].ap)})' for i in weakest
    )
    lines.append(f'Lowest average precision: {shown or "no label is in any picture"}.')
    decided = tested.decisions.actual.sum(), tested.decisions.predicted.sum()
    lines.append(
        f'Of {decided[0]:,} labels that are there, {tested.missed.sum():,} are '
        f'<span class="missed">missed</span>; of {decided[1]:,} that are predicted, '
        f'{tested.wrong.sum():,} are <span class="wrong">wrong</span>.'
    )
    for pair in pairs_beyond_chance(tested.missed, tested.wrong, most=1):
        first, second = (f'<b>{label(names[i])}</b>' for i in pair[:2])
        lines.append(
            f'Missed where another is wrong, most beyond chance: {first} where '
            f'{second} is, in {pair.count} pictures.'
        )
    if suspects is not None:
        count = f'{sum(map(len, suspects)):,}'
        lines.append(f'{count} labels of the data are suspected to be wrong.')
    return lines
