"""Pictures of a comparison: accuracy over cost, and learning curves."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mvlr_mm.visualization import draw_curves
from mvlr_mm.visualization.curves import read_scalars
from mvlr_mm.visualization.plot_text import plain_text, plot_names
from mvlr_stack.outputs import whole_file

OVER = {
    'multiply_adds': ('multiply-adds of a picture, G', 1e9),
    'ms': ('ms a picture', 1),
    'trained': ('trained parameters, M', 1e6),
}
CURVES = 10  # in a picture: as many as matplotlib has colours


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
    names = plot_names(row['name'] for row in rows)
    with plain_text(names):
        figure = Figure(figsize=(15, 4.8), layout='constrained')
        panels = figure.subplots(1, len(OVER), sharey=True)
        for axes, (key, (label, unit)) in zip(panels, OVER.items(), strict=True):
            for row, name in zip(rows, names, strict=True):
                cost = {**row['cost'], 'trained': row['trained']}[key] / unit
                mean, deviation = row['spread']['mAP'].values()
                axes.errorbar(cost, mean, yerr=deviation or 0, fmt='o', capsize=3)
                axes.annotate(
                    name, (cost, mean), (4, 4), textcoords='offset points', fontsize=7
                )
            axes.set(xlabel=label)
            axes.margins(x=0.2)  # room for the names
            axes.grid(alpha=0.3)
        panels[0].set(ylabel='test mAP, %')
        with whole_file(path) as draft:
            figure.savefig(draft, dpi=120)
    return True


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
    names, files = list(curves), []
    for start in range(0, len(names), CURVES):
        some = {name: curves[name] for name in names[start : start + CURVES]}
        files.append(f'curves_{start // CURVES + 1}.png')
        draw_curves(folder / files[-1], some, ['loss', key])
    return files
