"""A bar for every label, and its curve of precision and recall."""

import numpy as np

from ..evaluation.precision_recall import Curve, precision_recall_curves
from .elements import bar, label, percent, section, table
from .tested import Tested

_SHARES = ('average precision', 'precision', 'recall', 'F1')
LABELS, CURVES = 'Labels', 'Precision and recall'
MOST = 120  # curves on the page
_POINTS = 60  # of a curve
_SIDE = 100  # of the square that a curve is drawn in


def by_ap(tested: Tested) -> list[int]:
    """Return the labels, the lowest AP first; those without one last."""
    aps = np.array([row.ap for row in tested.rows])
    return np.argsort(aps, kind='stable').tolist()  # nan goes last


def label_bars(tested: Tested) -> str:
    """Return the table of the labels."""
    heads = ['label', 'pictures', *_SHARES, 'threshold']
    rows = []
    for i in by_ap(tested):
        row = tested.rows[i]
        shares = (percent(x) for x in (row.precision, row.recall, row.f1))
        rows.append(
            (
                label(tested.names[i]),
                f'{row.support:,}',
                bar(row.ap),
                *shares,
                f'{tested.thresholds[i]:.3g}',
            )
        )
    about = 'The lowest average precision first. All in percent, but for the threshold.'
    return section(LABELS, about, table(heads, rows, 'bars'))


def curves(tested: Tested) -> str:
    """Return the curves, with the threshold of each label as a dot."""
    shown = [i for i in by_ap(tested) if tested.rows[i].support][:MOST]
    found = precision_recall_curves(tested.scores, tested.targets)
    figures = ''.join(_curve(tested, i, found[i]) for i in shown)
    about = 'Precision (up) against recall (right); the dot is the threshold.'
    hidden = sum(row.support > 0 for row in tested.rows) - len(shown)
    if hidden:
        about += f' The {len(shown)} labels of the lowest average precision; '
        about += f'{hidden:,} more are left out.'
    return section(CURVES, about, f'<div class="grid">{figures}</div>')


def _curve(tested: Tested, i: int, curve: Curve) -> str:
    row = tested.rows[i]
    kept = np.linspace(0, len(curve.recall) - 1, min(_POINTS, len(curve.recall)))
    kept = kept.round().astype(int)
    x = _SIDE * np.concatenate([[0], curve.recall[kept]])
    precision = curve.precision[kept]
    y = _SIDE * (1 - np.concatenate([precision[:1], precision]))
    line = 'L'.join(f'{a:.1f} {b:.1f}' for a, b in zip(x, y, strict=True))
    tip = f'threshold {tested.thresholds[i]:.3g}: precision {percent(row.precision)}, '
    tip += f'recall {percent(row.recall)}'
    dot = ''
    if tested.decisions.predicted[:, i].any():
        left, top = _SIDE * row.recall / 100, _SIDE * (1 - row.precision / 100)
        dot = f'<circle cx="{left:.1f}" cy="{top:.1f}" r="4"/>'
    return (
        f'<figure class="curve"><svg viewBox="-4 -4 108 108"><title>{tip}</title>'
        f'<rect width="{_SIDE}" height="{_SIDE}"/>'
        f'<path class="fill" d="M0 {_SIDE}L{line}L{x[-1]:.1f} {_SIDE}Z"/>'
        f'<path d="M{line}"/>{dot}</svg><figcaption>{label(tested.names[i])} '
        f'<span class="faint">{percent(row.ap)}</span></figcaption></figure>'
    )
