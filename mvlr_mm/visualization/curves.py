"""Training curves, from the scalars that mmengine writes."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mvlr_stack.outputs import whole_file

from .fonts import drawable
from .plot_text import plain_text, plot_names

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D


def read_scalars(path: str | Path, key: str) -> dict[int, float]:
    """Return the value of ``key`` at each step at which it was logged.

    Args:
        path: ``scalars.json`` below a run's ``vis_data``: a json object a line.
        key: Name of a scalar, such as ``loss`` or ``mlgcn/mAP``.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: A line is no such object.
    """
    # not splitlines(): names of labels may hold what Unicode calls the end of a line
    lines = Path(path).read_text(encoding='utf-8-sig').split('\n')
    found = {}
    for number, line in enumerate(lines, 1):
        try:
            record = json.loads(line) if line.strip() else {}
            if key in record:
                found[int(record['step'])] = float(record[key])
        except (LookupError, RecursionError, TypeError, ValueError) as error:
            raise ValueError(
                f'{path}:{number} is no json object with a step ({error}); take the '
                'line out, or wait if the run still writes it.'
            ) from error
    return found


def draw_curves(
    path: str | Path, runs: Mapping[str, Sequence[str | Path]], keys: Sequence[str]
) -> 'Figure':
    """Draw a panel per scalar, with a curve per run.

    Losses are logged per iteration and results per epoch: each panel has its own x.

    Args:
        path: File to write; its ending names the format.
        runs: Per name of a run, its ``scalars.json``; several if it was resumed.
        keys: Names of scalars. A run that lacks one is left out of that panel.

    Returns:
        matplotlib's figure, already saved.

    Raises:
        ValueError: No run has one of the scalars.
        FileNotFoundError: A run has no such file.
    """
    curves = {key: _read(runs, key) for key in keys}
    names = [f' {x}' if x.startswith('_') else x for x in plot_names(runs)]
    titles = [drawable(key) for key in keys]
    with plain_text([*names, *titles]):
        return _draw(path, curves, names, titles)


def _read(runs: Mapping[str, Sequence[str | Path]], key: str) -> list[dict[int, float]]:
    """Return a scalar of each run, by its step.

    Raises:
        ValueError: No run has it.
    """
    points = [
        {step: x for file in files for step, x in read_scalars(file, key).items()}
        for files in runs.values()
    ]
    if not any(points):
        raise ValueError(
            f'no run has the scalar {key!r}; see which ones there are in '
            f'{", ".join(str(f) for files in runs.values() for f in files)}.'
        )
    return points


def _draw(
    path: str | Path,
    curves: Mapping[str, Sequence[dict[int, float]]],
    names: Sequence[str],
    titles: Sequence[str],
) -> 'Figure':
    """Draw the panels and write them."""
    # no global state: a backend of pyplot's would need a display
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogFormatter

    figure = Figure(figsize=(5.2 * len(titles) + 1.6, 3.6), layout='constrained')
    panels = figure.subplots(1, len(titles), squeeze=False)[0]
    drawn: dict[int, Line2D] = {}
    for axes, title, (key, runs) in zip(panels, titles, curves.items(), strict=True):
        line = '.-' if '/' in key else '-'
        for i, points in enumerate(runs):
            if points:
                steps = sorted(points)
                values = [points[step] for step in steps]
                # a run has its colour in every panel, whichever others are in it
                drawn[i] = axes.plot(steps, values, line, color=f'C{i}')[0]
        axes.set(title=title, xlabel='epoch' if '/' in key else 'iteration')
        if 'loss' in key:  # the first steps would flatten all that follows
            axes.set_yscale('log')
            # not matplotlib's own, which writes formulas
            axes.yaxis.set_major_formatter(LogFormatter())
            axes.yaxis.set_minor_formatter(LogFormatter(labelOnlyBase=False))
        axes.grid(alpha=0.3)
    # beside the panels: in one it would hide curves
    order = sorted(drawn)
    figure.legend(
        [drawn[i] for i in order],
        [names[i] for i in order],
        loc='outside right upper',
    )
    with whole_file(path) as draft:
        figure.savefig(draft, dpi=120)
    return figure
