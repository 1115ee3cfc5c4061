"""How often each label occurs, split by split."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mvlr_stack.outputs import whole_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ROWS = 45  # labels below each other; more make another panel


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
    panels = -(-len(order) // _ROWS)
    rows = -(-len(order) // panels)
    size = (6 * panels + 1, 1.2 + 0.1 * (len(states) + 0.6) * rows)
    figure = Figure(figsize=size, layout='constrained')
    all_axes = figure.subplots(1, panels, squeeze=False, sharex=True)[0]
    for i, axes in enumerate(all_axes):
        shown = order[i * rows : (i + 1) * rows]
        _draw_bars(axes, [names[label] for label in shown], shown, counts, states)
        axes.set_ylim(rows - 0.5, -0.5)
    figure.supxlabel('% of the pictures; their number beside the bar', fontsize=10)
    handles, titles = all_axes[0].get_legend_handles_labels()
    figure.legend(handles, titles, loc='outside upper right', ncols=len(titles))
    if len(order) < len(names):
        figure.suptitle(f'the {len(order)} most frequent of {len(names)} labels', x=0.2)
    with whole_file(path) as draft:
        figure.savefig(draft, dpi=120)
    return figure


def _draw_bars(
    axes: 'Axes',
    names: Sequence[str],
    shown: np.ndarray,
    counts: Mapping[str, np.ndarray],
    states: Mapping[str, np.ndarray],
) -> None:
    """Draw the bars of some labels, a colour for each split."""
    thick = 0.8 / len(counts)
    for i, (split, count) in enumerate(counts.items()):
        pictures = len(states[split])
        places = np.arange(len(shown)) + (i + 0.5) * thick - 0.4
        title = f'{split} ({pictures:,} pictures)'
        bars = axes.barh(places, 100 * count[shown] / pictures, thick, label=title)
        axes.bar_label(bars, [f'{n:,}' for n in count[shown]], padding=2, fontsize=6)
    axes.set_yticks(range(len(shown)), names, fontsize=8)
    axes.margins(x=0.1)
    axes.grid(axis='x', alpha=0.3)
