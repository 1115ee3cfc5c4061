"""Which labels go together."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mvlr_stack.outputs import whole_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def cooccurrence_shares(states: np.ndarray) -> np.ndarray:
    """Return how often a label is there where another one is, (C, C).

    Entry (i, j) is the share of the pictures with label i that have label j, among
    those where j is known; nan where there is none.

    Args:
        states: Labels (N, C): 1 there, 0 absent, -1 left out.
    """
    there, known = (states == 1).astype(float), (states >= 0).astype(float)
    both, possible = there.T @ there, there.T @ known
    shares = np.full_like(both, np.nan)
    return np.divide(both, possible, out=shares, where=possible > 0)


def draw_cooccurrence(
    path: str | Path, names: Sequence[str], states: np.ndarray, title: str = ''
) -> 'Figure':
    """Draw the map of :func:`cooccurrence_shares`, the diagonal left out.

    Args:
        path: File to write; its ending names the format.
        names: Names of the C labels.
        states: Labels (N, C): 1 there, 0 absent, -1 left out.
        title: Above the map.

    Returns:
        matplotlib's figure, already saved.

    Raises:
        ValueError: ``states`` has not C columns.
    """
    from matplotlib.figure import Figure

    if states.ndim != 2 or states.shape[1] != len(names):
        raise ValueError(
            f'states has the shape {states.shape}, and must have a column for each of '
            f'{len(names)} names.'
        )
    shares = 100 * cooccurrence_shares(states)
    np.fill_diagonal(shares, np.nan)
    side = 3 + 0.16 * len(names)
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
