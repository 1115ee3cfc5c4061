"""Which labels go together."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.cells import cell_len

from mvlr_stack.outputs import whole_file

from ..labels.graph import count_pairs
from .fonts import drawable
from .plot_text import plain_text, plot_names

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def cooccurrence_shares(states: np.ndarray) -> np.ndarray:
    """Return how often a label is there where another one is, (C, C).

    Entry (i, j) is the share of the pictures with label i that have label j, among
    those where j is known; nan where there is none.

    Args:
        states: Labels (N, C): 1 there, 0 absent, -1 left out.
    """
    both, possible = count_pairs(states)
    shares = np.full(both.shape, np.nan)
    return np.divide(both, possible, out=shares, where=possible > 0)


def draw_cooccurrence(
    path: str | Path,
    names: Sequence[str],
    states: np.ndarray,
    title: str = '',
    most: int = 200,
) -> 'Figure':
    """Draw the map of :func:`cooccurrence_shares`, the diagonal left out.

    Args:
        path: File to write; its ending names the format.
        names: Names of the C labels.
        states: Labels (N, C): 1 there, 0 absent, -1 left out.
        title: Above the map.
        most: Labels to draw at most, the most frequent ones.

    Returns:
        matplotlib's figure, already saved.

    Raises:
        ValueError: ``states`` has not C columns.
    """
    if states.ndim != 2 or states.shape[1] != len(names):
        raise ValueError(
            f'states has the shape {states.shape}, and must have a column for each of '
            f'{len(names)} names.'
        )
    if len(names) > most:  # a map of thousands has more pixels than memory
        order = np.argsort(-(states == 1).sum(axis=0), kind='stable')[:most]
        note = f'the {most} most frequent of {len(names):,} labels'
        title = f'{title}, {note}' if title else note
        order.sort()
        names, states = [names[i] for i in order], states[:, order]
    names, title = plot_names(names), drawable(title)
    with plain_text([*names, title]):
        return _draw(path, names, 100 * cooccurrence_shares(states), title)


def _draw(
    path: str | Path, names: Sequence[str], shares: np.ndarray, title: str
) -> 'Figure':
    """Draw the map, (C, C) in percent, and write it."""
    from matplotlib.figure import Figure

    np.fill_diagonal(shares, np.nan)
    # room for the names, whose letters are about 0.07 inch wide
    side = 3 + 0.16 * len(names) + 0.07 * max(map(cell_len, names))
    figure = Figure(figsize=(side + 1, side), layout='constrained')
    axes = figure.add_subplot()
    axes.set_facecolor('0.85')  # seen where there is no number
    image = axes.imshow(shares, cmap='magma_r', vmin=0)
    places, size = range(len(names)), 8 if len(names) < 100 else 4
    axes.set_xticks(places, names, rotation=90, fontsize=size)
    axes.set_yticks(places, names, fontsize=size)
    axes.set(xlabel='... have this label', ylabel='of the pictures with this label ...')
    axes.set_title(title)
    figure.colorbar(image, shrink=0.8, label='%')
    with whole_file(path) as draft:
        figure.savefig(draft, dpi=120)
    return figure
