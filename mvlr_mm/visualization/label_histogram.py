"""How often each label occurs, split by split."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from rich.cells import cell_len

from mvlr_stack.outputs import whole_file

from .plot_text import plain_text, plot_names

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
    if not states:
        raise ValueError('states must have at least one split.')
    for split, table in states.items():
        if not len(table) or table.shape[1] != len(names):
            raise ValueError(
                f'states[{split!r}] has the shape {table.shape}, and must have at '
                f'least one picture and {len(names)} labels, as names.'
            )
    counts = [(table == 1).sum(0) for table in states.values()]
    order = np.argsort(-counts[0], kind='stable')[:most]
    shown = plot_names(names[label] for label in order)
    pictures = list(map(len, states.values()))
    titles = [
        f'{split} ({count:,} pictures)'
        for split, count in zip(plot_names(states), pictures, strict=True)
    ]
    bars = [
        _Bars(title, count[order], 100 * count[order] / total)
        for title, count, total in zip(titles, counts, pictures, strict=True)
    ]
    note = f'the {len(order)} most frequent of {len(names)} labels'
    with plain_text([*shown, *titles]):
        return _draw(path, shown, bars, note if len(order) < len(names) else '')


class _Bars(NamedTuple):
    """One split: its title, and how many pictures have each label, also in percent."""

    title: str
    counts: np.ndarray
    shares: np.ndarray


def _draw(
    path: str | Path, names: Sequence[str], splits: Sequence[_Bars], note: str
) -> 'Figure':
    """Draw the bars in panels and write them."""
    from matplotlib.figure import Figure

    panels = -(-len(names) // _ROWS)
    rows = -(-len(names) // panels)
    # room for the names, whose letters are about 0.07 inch wide
    width = 5 + 0.07 * max(map(cell_len, names))
    size = (width * panels + 1, 1.2 + 0.1 * (len(splits) + 0.6) * rows)
    figure = Figure(figsize=size, layout='constrained')
    all_axes = figure.subplots(1, panels, squeeze=False, sharex=True)[0]
    for i, axes in enumerate(all_axes):
        _draw_bars(axes, names, splits, slice(i * rows, (i + 1) * rows))
        axes.set_ylim(rows - 0.5, -0.5)
    figure.supxlabel('% of the pictures; their number beside the bar', fontsize=10)
    handles, titles = all_axes[0].get_legend_handles_labels()
    figure.legend(handles, titles, loc='outside upper right', ncols=len(titles))
    if note:
        figure.suptitle(note, x=0.2)
    with whole_file(path) as draft:
        figure.savefig(draft, dpi=120)
    return figure


def _draw_bars(
    axes: 'Axes', names: Sequence[str], splits: Sequence[_Bars], part: slice
) -> None:
    """Draw the bars of some labels, a colour for each split."""
    names, thick = names[part], 0.8 / len(splits)
    for i, (title, counts, shares) in enumerate(splits):
        places = np.arange(len(names)) + (i + 0.5) * thick - 0.4
        bars = axes.barh(places, shares[part], thick, label=title)
        axes.bar_label(bars, [f'{n:,}' for n in counts[part]], padding=2, fontsize=6)
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.margins(x=0.1)
    axes.grid(axis='x', alpha=0.3)
