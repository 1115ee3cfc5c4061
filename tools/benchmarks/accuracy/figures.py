"""Pictures of a comparison: accuracy over cost, and learning curves."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mvlr_mm.visualization import draw_curves
from mvlr_mm.visualization.curves import read_scalars
from mvlr_mm.visualization.plot_text import plain_text, plot_names
from mvlr_stack.outputs import whole_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes

OVER = {
    'multiply_adds': ('multiply-adds of a picture, G', 1e9),
    'ms': ('ms a picture', 1),
    'trained': ('trained parameters, M', 1e6),
}
CURVES = 10  # in a picture: as many as matplotlib has colours
MARKERS = 'os^Dv'
LINES = 28  # of the legend in a column
TICKS = (0, 20, 40, 50, 60, 65, 70, 75, 80, 85, 90, 92, 94, 96, 97, 98, 99, 99.5)


def without_shared_ending(names: Sequence[str]) -> list[str]:
    """Return names without the ending, from a ``_`` on, that most with one share.

    Args:
        names: Of rows. They stay as they are where two would become the same.
    """
    endings = Counter(
        name[i:]
        for name in names
        for i, letter in enumerate(name)
        if letter == '_' and i
    )
    most = max(1, sum('_' in name[1:] for name in names) / 2)
    shared = [(n, len(end), end) for end, n in endings.items() if n > most]
    ending = max(shared, default=(0, 0, ''))[-1]
    short = [name.removesuffix(ending) for name in names]
    return short if len(set(short)) == len(names) else list(names)


def draw_accuracy(path: Path, rows: Sequence[Mapping[str, Any]]) -> bool:
    """Draw the mAP of the rows, with its spread, over what they cost.

    Args:
        path: File to write.
        rows: As the json has them.

    Returns:
        Whether there was something to draw.
    """
    from matplotlib.figure import Figure

    rows = [row for row in rows if row['seeds'] and row['cost']]
    if not rows:
        return False
    rows = sorted(rows, key=lambda row: -row['spread']['mAP']['mean'])
    names = plot_names(without_shared_ending([row['name'] for row in rows]))
    means = [row['spread']['mAP']['mean'] for row in rows]
    legend = [f'{name}  {mean:.1f}' for name, mean in zip(names, means, strict=True)]
    columns = math.ceil(len(rows) / LINES)
    with plain_text(names):
        figure = Figure(figsize=(12.5 + 2.5 * columns, 5.5), layout='constrained')
        panels = figure.subplots(1, len(OVER), sharey=True)
        for axes, (key, (label, unit)) in zip(panels, OVER.items(), strict=True):
            drawn = []
            for i, row in enumerate(rows):
                cost = {**row['cost'], 'trained': row['trained']}[key] / unit
                mean, deviation = row['spread']['mAP'].values()
                style = dict(color=f'C{i}', fmt=MARKERS[i // 10 % len(MARKERS)])
                drawn.append(
                    axes.errorbar(cost, mean, yerr=deviation or 0, capsize=3, **style)
                )
            axes.set(xlabel=label)
            axes.grid(alpha=0.3)
        _spread_the_best(panels[0])
        panels[0].set(ylabel='test mAP, %')
        figure.legend(
            drawn, legend, loc='outside right upper', fontsize=8, ncols=columns
        )
        with whole_file(path) as draft:
            figure.savefig(draft, dpi=120)
    return True


def _spread_the_best(axes: 'Axes') -> None:
    """Make what is missing to 100 % logarithmic: good rows lie close together."""
    from matplotlib.ticker import FixedLocator

    axes.set_yscale(
        'function',
        functions=(
            lambda y: -np.log(np.maximum(100 - y, 0.1)),
            lambda t: 100 - np.exp(-t),
        ),
    )
    axes.yaxis.set_major_locator(FixedLocator(TICKS))
    axes.yaxis.set_major_formatter('{x:g}')


def draw_learning(
    folder: Path, curves: Mapping[str, Sequence[Path]], key: str
) -> list[str]:
    """Draw the training loss and the val mAP of the rows over their first seed.

    A row that trains nothing has no curve.

    Args:
        folder: Where the pictures are to be.
        curves: Files of scalars by name of the row.
        key: Of mAP among the scalars.

    Returns:
        The names of the files.
    """
    curves = {
        name: files
        for name, files in curves.items()
        if any(read_scalars(file, 'loss') for file in files)
    }
    names, files = without_shared_ending(list(curves)), []
    scalars = list(curves.values())
    for start in range(0, len(names), CURVES):
        part = slice(start, start + CURVES)
        some = dict(zip(names[part], scalars[part], strict=True))
        files.append(f'curves_{start // CURVES + 1}.png')
        draw_curves(folder / files[-1], some, ['loss', key])
    return files
