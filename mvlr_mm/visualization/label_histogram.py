"""How often each label occurs, split by split."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_label_histogram(
    path: str | Path,
    names: Sequence[str],
    states: Mapping[str, np.ndarray],
    most: int = 100,
) -> 'Figure':
    """Draw the share of the pictures that have a label, with their number.

    Args:
        path: File to write; its ending names the format.
        names: Names of the C labels.
        states: Per split, the labels (N, C) of its pictures: 1 there, 0 absent, -1 left
            out. The labels are in the order of the first split's shares.
        most: Labels to draw at most, the most frequent ones.

    Returns:
        matplotlib's figure, already saved.

    Raises:
        ValueError: There is no split, or a split has no picture or other labels.
    """
    from matplotlib.figure import Figure

    if not states:
        raise ValueError('states must have at least one split.')
    for split, table in states.items():
        if not len(table) or table.shape[1] != len(names):
            raise ValueError(
                f'states[{split!r}] has the shape {table.shape}, and must have at '
                f'least one picture and {len(names)} labels, as names.'
            )
    counts = {split: (table == 1).sum(0) for split, table in states.items()}
    order = np.argsort(-next(iter(counts.values())), kind='stable')[:most]
    rows = np.arange(len(order))
    figure = Figure(
        figsize=(8, 1.2 + 0.14 * (len(states) + 0.6) * len(order)), layout='constrained'
    )
    axes = figure.add_subplot()
    thick = 0.8 / len(states)
    for i, (split, count) in enumerate(counts.items()):
        pictures = len(states[split])
        share, places = 100 * count[order] / pictures, rows + (i + 0.5) * thick - 0.4
        title = f'{split} ({pictures:,} pictures)'
        bars = axes.barh(places, share, thick, label=title)
        axes.bar_label(bars, [f'{n:,}' for n in count[order]], padding=2, fontsize=6)
    axes.set_yticks(rows, [names[i] for i in order], fontsize=8)
    axes.set(xlabel='% of the pictures; their number beside the bar')
    axes.set_ylim(len(order) - 0.5, -0.5)
    axes.margins(x=0.08)
    axes.grid(axis='x', alpha=0.3)
    axes.legend(loc='lower right')
    if len(order) < len(names):
        axes.set_title(f'the {len(order)} most frequent of {len(names)} labels')
    figure.savefig(path, dpi=120)
    return figure
