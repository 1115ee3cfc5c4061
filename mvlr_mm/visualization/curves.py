"""Training curves, from the scalars that mmengine writes."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mvlr_stack.outputs import whole_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def read_scalars(path: str | Path, key: str) -> dict[int, float]:
    """Return the value of ``key`` at each step at which it was logged.

    Args:
        path: ``scalars.json`` below a run's ``vis_data``: a json object a line.
        key: Name of a scalar, such as ``loss`` or ``mlgcn/mAP``.

    Raises:
        FileNotFoundError: There is no such file.
    """
    lines = Path(path).read_text(encoding='utf-8').splitlines()
    records = [record for record in map(json.loads, lines) if key in record]
    return {int(record['step']): float(record[key]) for record in records}


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
    # no global state: a backend of pyplot's would need a display
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.2 * len(keys), 3.6), layout='constrained')
    panels = figure.subplots(1, len(keys), squeeze=False)[0]
    for axes, key in zip(panels, keys, strict=True):
        line = '.-' if '/' in key else '-'
        for name, files in runs.items():
            points = {s: v for f in files for s, v in read_scalars(f, key).items()}
            if points:
                steps = sorted(points)
                axes.plot(steps, [points[s] for s in steps], line, label=name)
        if not axes.lines:
            raise ValueError(
                f'no run has the scalar {key!r}; see which ones there are in '
                f'{", ".join(str(f) for files in runs.values() for f in files)}.'
            )
        axes.set(title=key, xlabel='epoch' if '/' in key else 'iteration')
        if 'loss' in key:  # the first steps would flatten all that follows
            axes.set_yscale('log')
        axes.grid(alpha=0.3)
        axes.legend()
    with whole_file(path) as draft:
        figure.savefig(draft, dpi=120)
    return figure
